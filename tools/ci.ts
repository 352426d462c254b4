/** What CI runs: the tests, those of the page in a browser, those on real engines, and the short chaos run. Ends with the sums of the test runs in one line. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { countsText, type TestCounts } from './jest-run.ts'
import { ensurePackages } from './process/ensure-packages.ts'

// A test with syslog-ng is skipped where it is not installed; here it must not be. So for the browser.
ensurePackages(['syslog-ng-core', 'chromium'])

const tests = await run('tools/test.ts')
const webTests = await run('tools/web/main.ts')
const engineTests = await run('tools/engines/test-engines.ts')
const chaos = await run('tools/chaos/main.ts', '--short')
const counts = [tests, webTests, engineTests].map(({ output }) => countsOf(output)).reduce((a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped }))
const failed = counts.failed + (chaos.isGreen ? 0 : 1)
console.log(chaos.output.trimEnd().split('\n').at(-1))
console.log(countsText({ ...counts, failed }))
process.exitCode = failed === 0 && tests.isGreen && webTests.isGreen && engineTests.isGreen ? 0 : 1

/** Runs a tool and shows what it says while it says it. */
async function run(main: string, ...args: readonly string[]): Promise<{ readonly output: string; readonly isGreen: boolean }> {
  console.log(`== ${main} ${args.join(' ')}`)
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', main), ...args], { stdio: ['inherit', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    process.stdout.write(chunk)
  })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { output, isGreen: code === 0 }
}

/** Of the last line; a run without one has failed. */
function countsOf(output: string): TestCounts {
  const [, passed, failed, skipped] = /(\d+) passed, (\d+) failed, (\d+) skipped\s*$/.exec(output) ?? []
  return passed === undefined ? { passed: 0, failed: 1, skipped: 0 } : { passed: Number(passed), failed: Number(failed), skipped: Number(skipped) }
}
