import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What jest counted. */
export interface TestCounts {
  readonly passed: number
  /** Test files that could not be loaded count as one each. */
  readonly failed: number
  readonly skipped: number
}

/** Runs jest with these arguments in the foreground and counts by its own report. A run that passes nothing has failed: it must not look green. */
export async function runJest(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<TestCounts> {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-test-'))
  const outputFile = join(folder, 'jest.json')
  // jest-light-runner loads test files as real modules, which jest itself only allows under this flag.
  const NODE_OPTIONS = '--experimental-vm-modules --disable-warning=ExperimentalWarning'
  const child = spawn('jest', ['--json', `--outputFile=${outputFile}`, ...args], { stdio: 'inherit', env: { ...env, NODE_OPTIONS } })
  const endWithProcess = (): void => void child.kill()
  process.once('exit', endWithProcess)
  await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', resolve)
  })
  process.off('exit', endWithProcess)
  const report = JSON.parse(await readFile(outputFile, 'utf8')) as JestReport // of jest's own making
  await rm(folder, { recursive: true })
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites
  return { passed: report.numPassedTests, failed: report.numPassedTests === 0 ? Math.max(1, failed) : failed, skipped: report.numPendingTests }
}

/** The part of it that counts. */
interface JestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numRuntimeErrorTestSuites: number
}

/** The plain line that CI reads. */
export function countsText({ passed, failed, skipped }: TestCounts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}
