import type { Clock } from '@millrace/runtime/clock'
import type { Random } from '@millrace/runtime/random'
import { BusFullError, BusUnavailableError, type Bus, type BusRecord } from './bus.ts'
import { decodeDeadLetter, type DeadLetterHead } from './dead-letter.ts'
import type { DeadLetterCursor, DeadLetterOrder } from './dead-letter-cursor.ts'
import { deadLetterIdText, type DeadLetterId } from './dead-letter-id.ts'
import { readRanges, type OffsetRange, type RangeReading } from './dead-letter-reader.ts'
import type { Topics } from './topics.ts'

/** What an operator does with the records that could not be stored. They stay until they are discarded; nothing else removes them. */
export interface DeadLetters {
  /**
   * One page. `view` makes of each letter what the page holds, so that its bytes need not be kept; it is called for at most `limit` letters of each partition.
   * @throws {BusUnavailableError}
   */
  list<T>(question: DeadLetterQuestion, view: (letter: DeadLetter) => T, signal: AbortSignal): Promise<DeadLetterPage<T>>
  /** Undefined when it was never kept or is discarded. @throws {BusUnavailableError} */
  read(id: DeadLetterId, signal: AbortSignal): Promise<DeadLetter | undefined>
  /**
   * Appends the records to `batches` again, in the order of their offsets, each at most once per call; the letters stay. The router stamps each anew, and the writer skips the
   * request ids that it still knows. One that fails again becomes a new letter. Answers in the order of the ids.
   * @throws {BusUnavailableError} none could be read.
   */
  replay(ids: readonly DeadLetterId[], signal: AbortSignal): Promise<readonly ReplayOutcome[]>
  /** Removes a letter and all before it in its partition; false when there is none of that id. How soon the bus gives the room back is its own matter. @throws {BusUnavailableError} */
  discardThrough(id: DeadLetterId): Promise<boolean>
}

export interface DeadLetter {
  readonly id: DeadLetterId
  /** When it was kept, ms since 1970. */
  readonly keptMs: number
  /** Undefined when the record of the topic is no dead letter: somebody else wrote it. */
  readonly head: (DeadLetterHead & { readonly cutBytes: number }) | undefined
  /** The record that could not be stored, less `head.cutBytes` at its end. */
  readonly value: Uint8Array
}

export interface DeadLetterQuestion {
  /** All when undefined. */
  readonly partition?: number | undefined
  readonly order: DeadLetterOrder
  /** 1 to {@link MAX_LETTERS_AT_ONCE}. */
  readonly limit: number
  /** Of the page before; its order must be the question's. */
  readonly after?: DeadLetterCursor | undefined
}

export interface DeadLetterPage<T> {
  /** By the time they were kept; those of one partition always by their offsets. */
  readonly letters: readonly T[]
  /** Undefined on the last page. */
  readonly next: DeadLetterCursor | undefined
}

export type ReplayOutcome = { readonly id: DeadLetterId } & (
  | { readonly outcome: 'replayed'; readonly partition: number; readonly offset: number }
  /** `absent`: discarded or never kept. `refused`: the letter holds no whole record of this generation. */
  | { readonly outcome: 'absent' | 'refused'; readonly reason: string }
  /** The log did not say that it has it; replaying again is safe. */
  | { readonly outcome: 'failed'; readonly reason: string }
)

/** Letters of one page or replay: up to 1 MB each are read for it, one after the other. */
export const MAX_LETTERS_AT_ONCE = 100

export interface DeadLettersOptions {
  readonly bus: Bus
  readonly topics: Topics
  readonly clock: Clock
  readonly random: Random
}

/** The dead letters of one topic generation. Pages and replays are for people and scripts: a call reads with a consumer group of its own, which takes Kafka seconds. */
export function createDeadLetters({ bus, topics, clock, random }: DeadLettersOptions): DeadLetters {
  const topic = topics.deadLetters
  const reading = (signal: AbortSignal): RangeReading => ({ bus, topic, clock, random, signal })
  const rangeOf = async (partition: number): Promise<OffsetRange> => ({ partition, from: await bus.startOffset(topic, partition), to: await bus.endOffset(topic, partition) })
  const isKept = async ({ partition, offset }: DeadLetterId): Promise<boolean> => {
    if (partition >= topics.partitions) return false
    const { from, to } = await rangeOf(partition)
    return offset >= from && offset < to
  }

  return {
    async list<T>({ partition, order, limit, after }: DeadLetterQuestion, view: (letter: DeadLetter) => T, signal: AbortSignal): Promise<DeadLetterPage<T>> {
      const asked = partition === undefined ? Array.from({ length: topics.partitions }, (_, index) => index) : partition < topics.partitions ? [partition] : []
      const open: OffsetRange[] = []
      for (const own of asked) {
        if (after !== undefined && !after.offsets.has(own)) continue
        const { from, to } = await rangeOf(own)
        const bound = after?.offsets.get(own)
        open.push(order === 'newest' ? { partition: own, from, to: Math.min(to, bound ?? to) } : { partition: own, from: Math.max(from, bound ?? from), to })
      }
      const window = open.map(({ partition: own, from, to }) => (order === 'newest' ? { partition: own, from: Math.max(from, to - limit), to } : { partition: own, from, to: Math.min(to, from + limit) }))
      const found: { readonly id: DeadLetterId; readonly keptMs: number; readonly seen: T }[] = []
      await readRanges(reading(signal), window, (own, record) => {
        const letter = letterOf(own, record)
        found.push({ id: letter.id, keptMs: letter.keptMs, seen: view(letter) })
      })
      const shown = mergeByTime(found, order).slice(0, limit)
      return { letters: shown.map(({ seen }) => seen), next: nextCursor(order, open, shown.map(({ id }) => id)) }
    },

    async read(id, signal) {
      if (!(await isKept(id))) return undefined
      let letter: DeadLetter | undefined
      await readRanges(reading(signal), [{ partition: id.partition, from: id.offset, to: id.offset + 1 }], (partition, record) => {
        letter = letterOf(partition, record)
      })
      return letter
    },

    async replay(ids, signal) {
      const outcomes = new Map<string, ReplayOutcome>(ids.map((id) => [deadLetterIdText(id), { id, outcome: 'absent', reason: 'no such dead letter' }]))
      const kept: DeadLetterId[] = []
      for (const { id } of outcomes.values()) if (await isKept(id)) kept.push(id)
      const tried = new Set<string>()
      try {
        await readRanges(reading(signal), kept.map(({ partition, offset }) => ({ partition, from: offset, to: offset + 1 })), async (partition, record) => {
          const letter = letterOf(partition, record)
          tried.add(deadLetterIdText(letter.id))
          outcomes.set(deadLetterIdText(letter.id), await replayLetter(bus, topics, letter))
        })
      } catch (error) {
        if (!(error instanceof BusUnavailableError) || tried.size === 0) throw error
        // What was replayed must be told, so that only the others are asked for again.
        for (const id of kept) if (!tried.has(deadLetterIdText(id))) outcomes.set(deadLetterIdText(id), { id, outcome: 'failed', reason: error.message })
      }
      return [...outcomes.values()]
    },

    async discardThrough(id) {
      if (!(await isKept(id))) return false
      await bus.trim(topic, id.partition, id.offset + 1)
      return true
    },
  }
}

function letterOf(partition: number, { offset, value, appendedMs }: BusRecord): DeadLetter {
  const id = { partition, offset }
  try {
    return { id, keptMs: appendedMs, ...decodeDeadLetter(value) }
  } catch {
    return { id, keptMs: appendedMs, head: undefined, value } // shown as it is, or one foreign record would hide the page
  }
}

async function replayLetter(bus: Bus, topics: Topics, { id, head, value }: DeadLetter): Promise<ReplayOutcome> {
  if (head === undefined || (head.topic !== topics.batches && head.topic !== topics.routed) || head.partition >= topics.partitions) return { id, outcome: 'refused', reason: 'it holds no record of this topic generation' }
  if (head.cutBytes > 0 || value.length === 0) return { id, outcome: 'refused', reason: `the record is not whole: ${head.cutBytes} bytes were cut off` }
  try {
    return { id, outcome: 'replayed', partition: head.partition, offset: await bus.append(topics.batches, head.partition, value) }
  } catch (error) {
    if (!(error instanceof BusFullError || error instanceof BusUnavailableError)) throw error
    return { id, outcome: 'failed', reason: error.message }
  }
}

/** Joins the partitions by time without ever changing the order inside one: clocks of brokers may jump back. */
function mergeByTime<L extends { readonly id: DeadLetterId; readonly keptMs: number }>(letters: readonly L[], order: DeadLetterOrder): readonly L[] {
  const sign = order === 'newest' ? -1 : 1
  const queues = new Map<number, L[]>()
  for (const letter of letters) queues.set(letter.id.partition, [...(queues.get(letter.id.partition) ?? []), letter])
  for (const queue of queues.values()) queue.sort((a, b) => sign * (a.id.offset - b.id.offset))
  const merged: L[] = []
  for (let left = letters.length; left > 0; left--) {
    const [first] = [...queues.values()].filter((queue) => queue.length > 0).sort(([a], [b]) => sign * ((a?.keptMs ?? 0) - (b?.keptMs ?? 0)))
    const next = first?.shift()
    if (next !== undefined) merged.push(next)
  }
  return merged
}

function nextCursor(order: DeadLetterOrder, open: readonly OffsetRange[], shown: readonly DeadLetterId[]): DeadLetterCursor | undefined {
  const offsets = new Map<number, number>()
  for (const { partition, from, to } of open) {
    const own = shown.filter((id) => id.partition === partition).map(({ offset }) => offset)
    const [start, end] = order === 'newest' ? [from, Math.min(to, ...own)] : [Math.max(from, ...own.map((offset) => offset + 1)), to]
    if (start < end) offsets.set(partition, order === 'newest' ? end : start)
  }
  return offsets.size === 0 ? undefined : { order, offsets }
}
