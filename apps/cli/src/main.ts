#!/usr/bin/env node
/** millrace: what an operator does to a running system, from a terminal or a script. */
import { systemClock } from '@millrace/runtime/system-clock'
import { systemRandom } from '@millrace/runtime/system-random'
import { stopSignal } from '@millrace/service/stop-signal'
import { EXIT_CODES } from './exit-code.ts'
import { runCli } from './run-cli.ts'

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(EXIT_CODES.ok) // a reader such as `head` has seen enough
})
const exitCode = await runCli(process.argv.slice(2), {
  environment: process.env,
  clock: systemClock,
  random: systemRandom,
  signal: stopSignal(),
  print: (line) => process.stdout.write(`${line}\n`),
  remark: (line) => process.stderr.write(`${line}\n`),
})
process.exitCode = EXIT_CODES[exitCode]
