/** The page's end-to-end tests in a real browser, on the real process; also takes the pictures of docs/images. Ends with the plain line that CI reads. */
import { countsText, runJest } from '../jest-run.ts'

const counts = await runJest(['--testMatch', '**/tools/web/*.web.ts', '--runInBand', ...process.argv.slice(2)])
console.log(countsText(counts))
process.exitCode = counts.failed === 0 ? 0 : 1
