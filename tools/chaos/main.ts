/** Services and engines fail under load and questions; at the end the ledger must balance and every answer must have been right. */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readOptions } from '../command-line/read-options.ts'
import { startEngineSet } from '../engines/start-engine-set.ts'
import { percentileOf } from '../load/percentile.ts'
import { summaryText } from '../load/summary-text.ts'
import { planChaos } from './chaos-plan.ts'
import { runChaos } from './run-chaos.ts'

const options = readOptions('npm run chaos -- [options]: kill and freeze services, crash, restart and pause engines, all under load', {
  short: { default: false, about: 'each fault once, in under five minutes' },
  kills: { default: 10, about: 'kills of each service' },
  engineFaults: { default: 3, about: 'faults of each engine' },
  rate: { default: 1000, about: 'events per second' },
  batch: { default: 50, about: 'events per request' },
  tenants: { default: 4, about: 'tenants' },
  queries: { default: 5, about: 'questions per second' },
  seed: { default: 1, about: 'equal seeds plan equal faults, events and questions' },
  report: { default: 'dist/chaos-report.json', about: 'file for the report' },
  keep: { default: false, about: 'keep ledger and logs also when green' },
})

/** The promise: answers are complete again within a minute. */
const RECOVERY_MS = 60_000
/** Fifty answers. */
const WATCH_MS = 10_000
/** Between two faults: the second meets what the first one left. */
const PAUSE_MS = 1_000
const { short: isShort } = options
const folder = await mkdtemp(join(tmpdir(), 'millrace-chaos-'))
await chmod(folder, 0o711) // Elasticsearch runs as another user than root, who must pass it
const phases = planChaos({ seed: options.seed, kills: isShort ? 1 : options.kills, engineFaults: isShort ? 1 : options.engineFaults, isShort })
console.log('starting the engines')
await using engines = await startEngineSet({ folder: join(folder, 'engines') })
const report = await runChaos({ ...options, engines: engines.engines, phases, recoveryMs: RECOVERY_MS, watchMs: WATCH_MS, pauseMs: PAUSE_MS, folder, onProgress: (line) => console.log(line) })
console.log(summaryText(report.load))
const { queries, answers, verdict, problems, isGreen } = report
console.log(`questions: ${queries.asked} asked, ${answers.complete} complete, ${answers.incomplete} said what is missing, ${answers.unanswered} unanswered, ${queries.wrong.length} wrong; p50 ${percentileOf(queries.latenciesMs, 0.5)} ms, p99 ${percentileOf(queries.latenciesMs, 0.99)} ms`)
for (const line of [...problems, ...verdict.examples, ...verdict.disagreements]) console.log(line)
await mkdir(join(options.report, '..'), { recursive: true })
await writeFile(options.report, JSON.stringify({ options, ...report, load: { ...report.load, latenciesMs: undefined }, queries: { ...queries, latenciesMs: undefined } }, undefined, 2))
if (isGreen && !options.keep) await rm(join(folder, 'logs'), { recursive: true })
else console.log(`kept ${folder}`)
console.log(`chaos: ${isGreen ? 'GREEN' : 'RED'}: ${report.faults.length} faults; ledger ${verdict.text}`)
process.exitCode = isGreen ? 0 : 1
