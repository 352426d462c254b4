/** Types, lint, tree and tests in one command; ends with the plain line that CI reads. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface JestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numRuntimeErrorTestSuites: number
}

const CHECKS = [
  ['nx', 'sync:check'],
  ['nx', 'run-many', '-t', 'typecheck', '--outputStyle=stream'],
  ['eslint', '.'],
  ['node', 'tools/tidy.ts'],
] as const

/** Runs a command in the foreground; true when it succeeded. */
function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): boolean {
  return spawnSync(command, args, { stdio: 'inherit', env }).status === 0
}

const filters = process.argv.slice(2)
// Nx's daemon would outlive the run and hold the terminal's streams open.
process.env['NX_DAEMON'] = 'false'
let passed = 0
let failed = 0
for (const [command, ...args] of filters.length === 0 ? CHECKS : []) {
  if (run(command, args)) passed += 1
  else failed += 1
}

const folder = mkdtempSync(join(tmpdir(), 'millrace-test-'))
const outputFile = join(folder, 'jest.json')
// jest-light-runner loads test files as real modules, which jest itself only allows under this flag.
const NODE_OPTIONS = '--experimental-vm-modules --disable-warning=ExperimentalWarning'
run('jest', ['--json', `--outputFile=${outputFile}`, ...filters], { ...process.env, NODE_OPTIONS })
const report = JSON.parse(readFileSync(outputFile, 'utf8')) as JestReport
rmSync(folder, { recursive: true })
passed += report.numPassedTests
failed += report.numFailedTests + report.numRuntimeErrorTestSuites
if (report.numPassedTests === 0) failed += 1 // a run that tests nothing must not look green
console.log(`${passed} passed, ${failed} failed, ${report.numPendingTests} skipped`)
process.exitCode = failed === 0 ? 0 : 1
