/** A steady load with questions: are answers complete, fresh and right? */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readOptions } from '../command-line/read-options.ts'
import { percentileOf } from '../load/percentile.ts'
import { summaryText } from '../load/summary-text.ts'
import { runSoak } from './run-soak.ts'

const options = readOptions('npm run soak -- [options]: a steady load with questions, each answer checked against the ledger', {
  minutes: { default: 10, about: 'how long' },
  rate: { default: 5000, about: 'events per second' },
  batch: { default: 100, about: 'events per request' },
  tenants: { default: 4, about: 'tenants' },
  queries: { default: 10, about: 'questions per second' },
  seed: { default: 1, about: 'equal seeds send and ask the same' },
  report: { default: 'dist/soak-report.json', about: 'file for the report' },
})

const folder = await mkdtemp(join(tmpdir(), 'millrace-soak-'))
const { load, queries, verdict, usage, rssBytes, problems, isGreen } = await runSoak({ ...options, folder, onProgress: (line) => console.log(line) })
const figures = {
  ackMs: { p50: percentileOf(load.latenciesMs, 0.5), p99: percentileOf(load.latenciesMs, 0.99) },
  queryMs: { p50: percentileOf(queries.latenciesMs, 0.5), p99: percentileOf(queries.latenciesMs, 0.99) },
  completeShare: queries.complete / queries.asked, freshShare: queries.fresh / queries.asked, maxBehindMs: queries.maxBehindMs,
  cpuSeconds: usage.cpuSeconds, cpuSecondsPerMillionEvents: (usage.cpuSeconds / load.sentEvents) * 1e6, peakRssMb: Math.round(usage.peakRssBytes / 1e6),
}
console.log(summaryText(load))
console.log(`queries: ${queries.asked} asked, ${(figures.completeShare * 100).toFixed(2)} % complete, ${(figures.freshShare * 100).toFixed(2)} % at most 2 s behind (worst ${Math.round(figures.maxBehindMs)} ms), p50 ${figures.queryMs.p50} ms, p99 ${figures.queryMs.p99} ms`)
console.log(`process: ${figures.cpuSeconds.toFixed(1)} CPU s (${figures.cpuSecondsPerMillionEvents.toFixed(1)} per million events, queries included), peak RSS ${figures.peakRssMb} MB`)
for (const line of [...problems, ...verdict.examples, ...verdict.disagreements]) console.log(line)
await mkdir(join(options.report, '..'), { recursive: true })
await writeFile(options.report, JSON.stringify({ options, figures, rssBytes, problems, verdict }, undefined, 2))
if (isGreen) await rm(folder, { recursive: true })
else console.log(`kept ${folder}`)
console.log(`soak: ${isGreen ? 'GREEN' : 'RED'}; ledger ${verdict.text}`)
process.exitCode = isGreen ? 0 : 1
