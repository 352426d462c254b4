/** How far a tenant at ten times its share moves what another one sees, with quotas and with fair scheduling alone. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readOptions } from '../command-line/read-options.ts'
import { comparePairs, median, type Figure } from './compare-pairs.ts'
import { runFairness, type Mode, type Round } from './run-fairness.ts'

const options = readOptions('npm run fairness -- [options]: how far a noisy tenant moves the latencies of a quiet one', {
  pairs: { default: 5, about: 'alternating pairs of windows without and with the noisy tenant' },
  seconds: { default: 15, about: 'length of a window' },
  'requests': { default: 40, about: 'ingest requests of the quiet tenant per second' },
  'queries': { default: 10, about: 'questions of the quiet tenant per second' },
  'batch': { default: 25, about: 'events of one of its requests' },
  factor: { default: 10, about: 'how many times that the noisy tenant tries, in events and in questions, which are heavy ones' },
  'noisy-batch': { default: 36_000, about: 'events of one of its bodies; 36,000 are 16 MB' },
  'preload-mb': { default: 160, about: 'what the heavy questions read, as JSON' },
  mode: { default: 'both', about: 'quotas, lifted or both' },
  seed: { default: 1, about: 'equal seeds send and ask the same' },
  report: { default: 'dist/fairness-report.json', about: 'file for the report' },
})

/** The goal: a quiet tenant's 99th percentile moves by less than this share. */
const MAX_MOVE = 0.2
const FIGURES: readonly (readonly [Figure, string])[] = [['ackMs', 'ack'], ['queryMs', 'query']]

const modes: readonly Mode[] = options.mode === 'both' ? ['quotas', 'lifted'] : [options.mode === 'quotas' ? 'quotas' : 'lifted']
const folder = await mkdtemp(join(tmpdir(), 'millrace-fairness-'))
const measured = await runFairness(
  {
    folder, pairs: options.pairs, seconds: options.seconds, requestsPerSecond: options.requests, queriesPerSecond: options.queries, eventsPerRequest: options.batch, factor: options.factor,
    eventsPerBody: options['noisy-batch'], preloadMb: options['preload-mb'], seed: options.seed, onProgress: (line) => console.log(line),
  },
  modes,
)

const problems: string[] = []
const rows: string[][] = [['', 'p50 without', 'p50 with', 'p99 without', 'p99 with', 'moved by', 'of the pairs', 'by burnt CPU alone']]
const figures = [...measured].flatMap(([mode, rounds]) => FIGURES.map(([figure, name]) => {
  const pairs = rounds.map((round) => ({ without: round.without.quiet, with: round.with.quiet }))
  const p99 = comparePairs(pairs, figure, 'p99')
  const p50 = comparePairs(pairs, figure, 'p50')
  const burnt = comparePairs(rounds.map((round) => ({ without: round.without.quiet, with: round.burnt.quiet })), figure, 'p99')
  if (!(p99.ratio < 1 + MAX_MOVE)) problems.push(`${name} p99 with quotas ${mode === 'quotas' ? 'on' : 'lifted'} moves by ${movedBy(p99.ratio)}`)
  rows.push([`${mode === 'quotas' ? 'quotas on' : 'quotas lifted'}, ${name}`, `${p50.withoutMs} ms`, `${p50.withMs} ms`, `${p99.withoutMs} ms`, `${p99.withMs} ms`, movedBy(p99.ratio), p99.ratios.map(movedBy).join(' '), movedBy(burnt.ratio)])
  return { mode, figure: name, p50, p99, burnt }
}))
for (const [mode, rounds] of measured) {
  const windows = rounds.flatMap((round) => [round.without, round.with])
  const failures = windows.reduce((sum, { quiet }) => sum + quiet.failures, 0)
  if (failures > 0) problems.push(`${failures} requests of the quiet tenant failed (${mode})`)
  if (mode === 'quotas' && rounds.some(({ noisy }) => noisy.refused === 0)) problems.push('quotas refused nothing')
  // In a single window its quota may go to bodies alone.
  if (rounds.every(({ noisy }) => noisy.takenBodies === 0) || rounds.every(({ noisy }) => noisy.answers === 0)) problems.push(`the noisy tenant got nothing through (${mode})`)
  console.log(`${mode}: ${usageText(rounds)}`)
}
console.log(tableText(rows))
await mkdir(join(options.report, '..'), { recursive: true })
await writeFile(options.report, JSON.stringify({ options, figures, problems, rounds: Object.fromEntries(measured) }, undefined, 2))
await rm(folder, { recursive: true })
console.log(`fairness: ${problems.length === 0 ? `GREEN: no 99th percentile of the quiet tenant moves by ${MAX_MOVE * 100} %` : `RED: ${problems.join('; ')}`}`)
process.exitCode = problems.length === 0 ? 0 : 1

function movedBy(ratio: number): string {
  return `${ratio >= 1 ? '+' : ''}${Math.round((ratio - 1) * 100)}%`
}

function usageText(rounds: readonly Round[]): string {
  const cores = (pick: (round: Round) => number): string => median(rounds.map(pick)).toFixed(2)
  const perSecond = (pick: (round: Round) => number): number => Math.round(median(rounds.map(pick)) / options.seconds)
  return `system ${cores((r) => r.without.usage.systemCores)} cores without, ${cores((r) => r.with.usage.systemCores)} with; machine ${cores((r) => r.without.usage.machineCores)} and ${cores((r) => r.with.usage.machineCores)} of ${rounds[0]?.with.usage.cores}`
    + `; own delay p99 ${median(rounds.map((r) => r.with.quiet.ownDelayMs))} ms; noisy per second: ${perSecond((r) => r.noisy.answers)} answers, ${Math.round(perSecond((r) => r.noisy.takenBytes) / 1000)} kB taken, ${perSecond((r) => r.noisy.refused)} refused, ${perSecond((r) => r.noisy.notSent)} not sent`
}

function tableText(table: readonly (readonly string[])[]): string {
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? []
  return table.map((row) => row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ')).join('\n')
}
