/** Kills the standalone under load again and again, and checks afterwards that nothing was lost, doubled or changed. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readOptions } from '../command-line/read-options.ts'
import { percentileOf } from '../load/percentile.ts'
import { summaryText } from '../load/summary-text.ts'
import { runKills } from './run-kills.ts'

const options = readOptions('npm run kill -- [options]: kill -9 under load, again and again, then the ledger', {
  kills: { default: 50, about: 'kills in a row' },
  rate: { default: 5000, about: 'events per second' },
  batch: { default: 100, about: 'events per request' },
  tenants: { default: 4, about: 'tenants' },
  seed: { default: 1, about: 'equal seeds plan equal kills and events' },
  short: { default: false, about: 'four kills only' },
  report: { default: 'dist/kill-report.json', about: 'file for the report' },
  keep: { default: false, about: 'keep the data folder also when green' },
})

const folder = await mkdtemp(join(tmpdir(), 'millrace-kill-'))
const report = await runKills({ ...options, kills: options.short ? 4 : options.kills, folder, onProgress: (line) => console.log(line) })
console.log(summaryText(report.load))
console.log(`failpoints hit: ${Object.entries(report.hits).map(([name, count]) => `${name} ${count}`).join(', ')}; killed by the tool ${report.killsByTool}; not reached ${report.missed}`)
console.log(`ready after a kill: p50 ${percentileOf(report.restartMs, 0.5)} ms, max ${percentileOf(report.restartMs, 1)} ms`)
for (const line of [...report.problems, ...report.verdict.examples, ...report.verdict.disagreements]) console.log(line)
await mkdir(join(options.report, '..'), { recursive: true })
await writeFile(options.report, JSON.stringify({ options, ...report, load: { ...report.load, latenciesMs: undefined, p50Ms: percentileOf(report.load.latenciesMs, 0.5), p99Ms: percentileOf(report.load.latenciesMs, 0.99) } }, undefined, 2))
if (report.isGreen && !options.keep) await rm(folder, { recursive: true })
else console.log(`kept ${folder}`)
console.log(`kill: ${report.isGreen ? 'GREEN' : 'RED'}; ledger ${report.verdict.text}`)
process.exitCode = report.isGreen ? 0 : 1
