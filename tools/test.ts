/** Types, lint, tree and tests in one command; ends with the plain line that CI reads. */
import { spawnSync } from 'node:child_process'
import { countsText, runJest } from './jest-run.ts'

const CHECKS = [
  ['nx', 'sync:check'],
  ['nx', 'run-many', '-t', 'typecheck', '--outputStyle=stream'],
  ['eslint', '.'],
  ['node', 'tools/tidy.ts'],
] as const

/** Runs a command in the foreground; true when it succeeded. */
function run(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'inherit' }).status === 0
}

const filters = process.argv.slice(2)
// Nx's daemon would outlive the run and hold the terminal's streams open.
process.env['NX_DAEMON'] = 'false'
const checks = (filters.length === 0 ? CHECKS : []).map(([command, ...args]) => run(command, args))
const tests = await runJest(filters)
const passed = tests.passed + checks.filter(Boolean).length
const failed = tests.failed + checks.filter((isPassed) => !isPassed).length
console.log(countsText({ passed, failed, skipped: tests.skipped }))
process.exitCode = failed === 0 ? 0 : 1
