import { percentileOf } from '../../load/percentile.ts'
import { summaryText } from '../../load/summary-text.ts'
import type { PhaseAttempts } from './attempts.ts'
import type { ClusterLoadReport } from './load-cluster.ts'
import type { AppMeasure } from './measure-apps.ts'

/** The attempts of the load by what was done to the cluster when they began, as lines. */
export function attemptLines(phases: ReadonlyMap<string, PhaseAttempts>): readonly string[] {
  return [...phases].map(([phase, { attempts, failures }]) => {
    const failed = Object.entries(failures).map(([what, count]) => `${what} ${count}`).join(', ')
    return `  ${phase.padEnd(PHASE_WIDTH)} ${String(attempts).padStart(6)} attempts${failed === '' ? '' : `; failed and tried again: ${failed}`}`
  })
}

const PHASE_WIDTH = 36

export function measureLines(apps: readonly AppMeasure[], imageBytes: ReadonlyMap<string, number>): readonly string[] {
  const rows = apps.map(({ app, startMs, idleBytes }) => `  ${app.padEnd(12)} ready after ${String(Math.round(startMs)).padStart(5)} ms, idle ${String(Math.round(idleBytes / 1e6)).padStart(4)} MB`)
  return [...rows, ...[...imageBytes].map(([image, bytes]) => `  ${image.padEnd(36)} ${String(Math.round(bytes / 1e6)).padStart(4)} MB`)]
}

export function loadLines({ load, attempts, queries, answers, verdict }: ClusterLoadReport): readonly string[] {
  return [
    summaryText(load),
    ...attemptLines(attempts.phases),
    `longest request: ${Math.round(attempts.longestMs)} ms from its first attempt to its success`,
    `questions: ${queries.asked} asked, ${answers.complete} complete, ${answers.incomplete} said what is missing, ${answers.unanswered} unanswered, ${queries.wrong.length} wrong; p50 ${Math.round(percentileOf(queries.latenciesMs, 0.5))} ms, p99 ${Math.round(percentileOf(queries.latenciesMs, 0.99))} ms`,
    `ledger ${verdict.text}`,
  ]
}
