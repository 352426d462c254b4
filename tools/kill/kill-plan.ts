import type { FailpointName } from '@millrace/runtime/failpoints'
import { SeededNumbers } from '../load/seeded-numbers.ts'

/** How one cycle ends: by the process itself at a failpoint, or by the tool some time after it was ready. */
export type PlannedKill = { readonly by: 'failpoint'; readonly name: FailpointName; readonly hit: number } | { readonly by: 'tool'; readonly afterMs: number }

/** Every second kill at a failpoint, in turn; the others at random moments. */
export function planKills(seed: number, kills: number): readonly PlannedKill[] {
  const numbers = new SeededNumbers(seed, KILL_STREAM)
  return Array.from({ length: kills }, (_, index): PlannedKill => {
    if (index % 2 === 1) return { by: 'tool', afterMs: 100 + numbers.below(MAX_RUN_MS) }
    const name = FAILPOINT_NAMES[(index / 2) % FAILPOINT_NAMES.length] ?? 'after-append'
    return { by: 'failpoint', name, hit: 1 + numbers.below(MAX_HITS[name]) }
  })
}

const KILL_STREAM = 2 ** 42
const MAX_RUN_MS = 2500
/** Hits are chosen below it: what the load reaches within some seconds. Appends come by the dozen a second, flushes one or two, seals every few seconds. */
const MAX_HITS: Readonly<Record<FailpointName, number>> = { 'after-append': 60, 'after-store': 6, 'inside-commit': 6, 'inside-sealing': 1 }
export const FAILPOINT_NAMES = Object.keys(MAX_HITS) as readonly FailpointName[]
