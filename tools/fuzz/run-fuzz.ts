import { SeededNumbers } from '../load/seeded-numbers.ts'
import { mutate } from './mutate.ts'

/** Something that reads bytes from the network. */
export interface FuzzTarget {
  readonly name: string
  /** What it reads as it should; mutations begin with these. */
  readonly inputs: readonly Uint8Array[]
  /** Reads it. Returns, or throws what {@link isRefusal} knows. */
  readonly read: (bytes: Uint8Array) => unknown
  /** Whether an error is an answer to a bad input and not a fault. */
  readonly isRefusal: (error: unknown) => boolean
}

export interface FuzzFault {
  readonly target: string
  /** Of the input, from which it can be made again. */
  readonly round: number
  readonly bytes: Uint8Array
  readonly what: string
}

export interface FuzzCounts {
  readonly calls: number
  readonly bytes: number
  readonly refused: number
  /** The slowest call's time over what it may take. */
  readonly slowest: number
}

export interface FuzzResult {
  readonly counts: ReadonlyMap<string, FuzzCounts>
  readonly faults: readonly FuzzFault[]
}

/** No call may take longer than this and {@link MS_PER_KB} of its input: it would hold up everybody on its thread. */
export const CALL_MS = 50
export const MS_PER_KB = 1
/** A call that took too long is measured again so often, and its best time counts: the machine has other work. */
const REPEATS = 5
/** What clients send mostly. Larger inputs take most of the time, and say the same of what is wrong with a form. */
const SMALL_INPUT_BYTES = 16 * 1024
/** Rounds. The others mutate small inputs only. */
const LARGE_EVERY = 20
/** More show nothing new. */
const MAX_FAULTS = 20

export interface FuzzOptions {
  readonly seed: number
  readonly seconds: number
  readonly nowMs: () => number
  /** What calls are measured by; `nowMs` by default. The thread's own time says the same on a machine that has other work. */
  readonly spentMs?: () => number
}

/** Gives each target in turn one input after the other until the time is over. Equal seeds make equal inputs. */
export function runFuzz(targets: readonly FuzzTarget[], options: FuzzOptions): FuzzResult {
  const { seed, seconds, nowMs, spentMs = nowMs } = options
  const faults: FuzzFault[] = []
  const counts = new Map(targets.map(({ name }) => [name, { calls: 0, bytes: 0, refused: 0, slowest: 0 }]))
  const small = new Map(targets.map((target) => [target, smallOf(target.inputs)]))
  const endMs = nowMs() + seconds * 1000
  for (let round = 0; nowMs() < endMs && faults.length < MAX_FAULTS; round++) {
    for (const [index, target] of targets.entries()) {
      // Each as it is first, then what becomes of them.
      const bytes = target.inputs[round] ?? mutate(new SeededNumbers(seed, round * targets.length + index), round % LARGE_EVERY === 0 ? target.inputs : (small.get(target) ?? target.inputs))
      const { problem, isRefused, share } = tryOnce(target, bytes, spentMs)
      const count = counts.get(target.name)
      if (count === undefined) continue
      count.calls += 1
      count.bytes += bytes.length
      count.refused += isRefused ? 1 : 0
      count.slowest = Math.max(count.slowest, share)
      if (problem !== undefined) faults.push({ target: target.name, round, bytes, what: problem })
    }
  }
  return { counts, faults }
}

function smallOf(inputs: readonly Uint8Array[]): readonly Uint8Array[] {
  const small = inputs.filter(({ length }) => length <= SMALL_INPUT_BYTES)
  return small.length === 0 ? inputs : small
}

function tryOnce(target: FuzzTarget, bytes: Uint8Array, spentMs: () => number): { readonly problem: string | undefined; readonly isRefused: boolean; readonly share: number } {
  const allowedMs = CALL_MS + (MS_PER_KB * bytes.length) / 1024
  let share = Infinity
  let isRefused = false
  for (let attempt = 0; attempt < REPEATS && share > 1; attempt++) {
    const startedMs = spentMs()
    try {
      target.read(bytes)
    } catch (error) {
      if (!target.isRefusal(error)) return { problem: error instanceof Error ? (error.stack ?? error.message) : String(error), isRefused, share: 0 }
      isRefused = true
    }
    share = Math.min(share, (spentMs() - startedMs) / allowedMs)
  }
  return { problem: share > 1 ? `took ${(share * allowedMs).toFixed(0)} ms for ${bytes.length} bytes` : undefined, isRefused, share }
}
