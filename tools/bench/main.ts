/** What a fresh system costs for a million logs: CPU, latencies, memory, disk, and the eight questions. The standalone, or every service and engine apart. */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { readOptions } from '../command-line/read-options.ts'
import { printReport, printTopFunctions } from './print-report.ts'
import { MAX_RUNS } from './questions.ts'
import { runBench } from './run-bench.ts'
import { startServiceSystem } from './service-system.ts'
import { startStandaloneSystem } from './standalone-system.ts'
import { profileEnvironment, readTopFunctions } from './top-functions.ts'

const options = readOptions('npm run bench -- [options]: ingest, disk, memory and eight questions on a fresh system', {
  engines: { default: false, about: 'the services on real engines, not the standalone' },
  events: { default: 2_000_000, about: 'events to send' },
  'warm-up': { default: -1, about: 'events to send before, unmeasured; by default a tenth, of the standalone none' },
  seed: { default: 1, about: 'equal seeds send equal events' },
  connections: { default: 2, about: 'connections that send' },
  'body-mb': { default: 3, about: 'size of a body, MB' },
  runs: { default: 10, about: `warm runs of each question, at most ${MAX_RUNS}` },
  profile: { default: '', about: 'folder for a CPU profile of each thread of ours; costs time itself' },
  report: { default: '', about: 'file for the figures; dist/bench.json, with engines dist/bench-engines-report.json' },
  keep: { default: false, about: 'keep the folder' },
})

/** Of each part that are shown of a profile. */
const TOP_FUNCTIONS = 12

const folder = await mkdtemp(join(tmpdir(), 'millrace-bench-'))
await chmod(folder, 0o711) // Elasticsearch runs as another user than root, who must pass it
const profileFolder = options.profile === '' ? undefined : resolve(options.profile)
if (profileFolder !== undefined) await mkdir(profileFolder, { recursive: true })
const reportFile = options.report !== '' ? options.report : options.engines ? 'dist/bench-engines-report.json' : 'dist/bench.json'
const load = loadavg()[0] ?? NaN

console.error('starting the system')
await using system = await (options.engines ? startServiceSystem : startStandaloneSystem)({ folder, environment: profileFolder === undefined ? {} : profileEnvironment(profileFolder) })
const report = await runBench(system, {
  ...options, bodyBytes: options['body-mb'] * 1e6, runs: Math.min(options.runs, MAX_RUNS), warmUpEvents: options['warm-up'] >= 0 ? options['warm-up'] : options.engines ? options.events / 10 : 0,
  folder, onProgress: (line) => { console.error(line) },
})
console.log(`load of the machine before: ${load.toFixed(1)}`)
printReport(report, system.parts)
if (profileFolder !== undefined) for (const window of report.windows) printTopFunctions(window, await readTopFunctions(profileFolder, { parts: system.parts, window, count: TOP_FUNCTIONS }))
await mkdir(dirname(reportFile), { recursive: true })
await writeFile(reportFile, JSON.stringify({ load, ...report }, undefined, 2))
if (options.keep) console.log(`kept ${folder}`)
else await rm(folder, { recursive: true })
console.log(`bench: ${report.isRight ? 'all answers are right' : 'RED: an answer is wrong'}`)
process.exitCode = report.isRight ? 0 : 1
