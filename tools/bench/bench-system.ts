import { readUsage } from '../process/process-usage.ts'

/** The running system that is measured, whatever it is made of. */
export interface BenchSystem extends AsyncDisposable {
  /** Of the public port. */
  readonly url: string
  readonly adminKey: string
  readonly entrances: readonly Entrance[]
  /** Whose use is told apart. */
  readonly parts: readonly BenchPart[]
  /** CPU seconds per second, of all parts together, below which nothing is left to do. */
  readonly quietCpuSeconds: number
  /** Ends the system, so that all it still holds is written, and answers what is on the disk then. Called once, last. */
  end(): Promise<readonly DiskShare[]>
}

/** Where events can be sent to. */
export interface Entrance {
  readonly name: string
  readonly url: string
}

export interface BenchPart {
  readonly name: string
  readonly kind: 'app' | 'engine'
  /** Its processes, all replicas together; none of them may end while it is measured. */
  readonly pids: readonly number[]
}

export interface DiskShare {
  readonly name: string
  readonly bytes: number
  /** False of what is removed once it has gone on: the log, packs. */
  readonly isKept: boolean
}

/** Of every part by its name. */
export type Use = ReadonlyMap<string, PartUse>

export interface PartUse {
  readonly cpuSeconds: number
  readonly peakRssBytes: number
}

/** What the parts have used so far. */
export function readUse(parts: readonly BenchPart[]): Use {
  return new Map(parts.map(({ name, pids }) => {
    const usages = pids.map(readUsage)
    return [name, { cpuSeconds: sumOf(usages, ({ cpuSeconds }) => cpuSeconds), peakRssBytes: sumOf(usages, ({ peakRssBytes }) => peakRssBytes) }]
  }))
}

/** CPU seconds that each part has used between two readings. */
export function cpuBetween(before: Use, after: Use): ReadonlyMap<string, number> {
  return new Map([...after].map(([name, { cpuSeconds }]) => [name, cpuSeconds - (before.get(name)?.cpuSeconds ?? 0)]))
}

export function sumOf<T>(items: Iterable<T>, value: (item: T) => number): number {
  let sum = 0
  for (const item of items) sum += value(item)
  return sum
}
