import { NS_PER_DAY } from '@millrace/event/event'
import type { TableBuilder } from '@millrace/fragment/table-builder'
import {
  MAX_EVENT_BYTES, MAX_PART_COLUMNS, MAX_PART_DAY_COLUMNS, MAX_PART_DAYS, MAX_REQUEST_EVENTS, MAX_WIDE_PARTS, STEP_BYTES, TOO_MANY_COLUMNS, type DecodedEvents, type DecodedPart, type DecodeOptions, type DecodeSteps, type Rejection,
} from './decoded-events.ts'
import type { EventTime } from './event-time.ts'

/** Reads one protocol's events from a body into the open row of a table. */
export interface RowScanner<Self> {
  readonly builder: TableBuilder
  /** The time of the event scanned last, where {@link hasTime}. */
  readonly time: EventTime
  readonly hasTime: boolean
  /** Why the last scan answered -1. */
  readonly failure: string
  /** Whether it has learned, or keeps, so much that a new one is better. */
  readonly isWorn: boolean
  /**
   * Scans the event that begins at `start` into the builder's open row, which the caller ends or discards. It may be called again for the same event.
   *
   * @returns the position behind the event; -1 when it is refused.
   */
  scan(start: number): number
  /** A new one in the same place of the same body. */
  replaced(): Self
}

/**
 * One request on its way into parts. A decoder scans an event, then takes or rejects it; this cuts the parts, refuses what cannot be kept, and counts.
 */
export class RequestParts<Scanner extends RowScanner<Scanner>> {
  #scanner: Scanner
  readonly #maxPartBytes: number
  readonly #maxEventBytes: number
  readonly #oldest: DayTime
  readonly #newest: DayTime
  readonly #received: DayTime
  readonly #parts: DecodedPart[] = []
  readonly #rejected: Rejection[] = []
  #wideParts = 0
  #events = 0
  #rows = 0
  #bytes = 0
  #repeatedBytes = 0
  #days = new Set<number>()
  #lastDay = NaN
  #isPrecise = true
  #isWithinSecond = false

  constructor(scanner: Scanner, options: DecodeOptions) {
    this.#scanner = scanner
    this.#maxPartBytes = options.maxPartBytes
    this.#maxEventBytes = options.maxEventBytes ?? MAX_EVENT_BYTES
    this.#oldest = dayTime(options.oldestNs)
    this.#newest = dayTime(options.newestNs)
    this.#received = dayTime(options.receivedNs)
  }

  get isEmpty(): boolean {
    return this.#events === 0
  }

  get isFull(): boolean {
    return this.#events >= MAX_REQUEST_EVENTS
  }

  /** The one to scan with: parts with very many names wear one out. */
  get scanner(): Scanner {
    return this.#scanner
  }

  /** Scans an event without taking it: {@link take} or {@link reject} must follow. As {@link RowScanner.scan}. */
  scan(start: number): number {
    const end = this.#scanner.scan(start)
    if (end >= 0 || this.#scanner.failure !== TOO_MANY_COLUMNS || !this.#canCloseWidePart) return end
    this.#scanner.builder.discardRow()
    this.#closePart()
    return this.#scanner.scan(start)
  }

  /** Forgets the event that was scanned last, which counts for nothing. */
  discard(): void {
    this.#scanner.builder.discardRow()
  }

  /** Takes the event that was scanned last, `size` bytes from `start` on. @param repeatedBytes put into it that it shares with others. */
  take(start: number, size: number, repeatedBytes = 0): void {
    if (this.#startPart(size, repeatedBytes)) this.#scanner.scan(start) // it was scanned into the part that is closed now
    const reason = this.#refusal(size)
    if (reason !== undefined) {
      this.#refuse(reason, size)
      return
    }
    const { builder, time, hasTime } = this.#scanner
    const { day, offset } = hasTime ? time : this.#received
    builder.endRow(day, offset, this.#rows)
    this.#repeatedBytes += repeatedBytes
    this.#isPrecise &&= hasTime && time.isPrecise
    this.#isWithinSecond ||= offset % 1e9 !== 0
    this.#count(size)
  }

  /** Rejects the event that was scanned last. */
  reject(reason: string, size: number): void {
    this.#startPart(size)
    this.#refuse(reason, size)
  }

  finish(): DecodedEvents {
    if (this.#rows > 0) this.#closePart()
    const isSelfTimestamped = this.#events > this.#rejected.length && this.#isPrecise && this.#isWithinSecond
    return { parts: this.#parts, received: this.#events, rejected: this.#rejected, isSelfTimestamped }
  }

  #refuse(reason: string, size: number): void {
    this.#scanner.builder.discardRow()
    this.#rejected.push({ index: this.#events, reason })
    this.#count(size)
  }

  #refusal(size: number): string | undefined {
    const { builder, time, hasTime } = this.#scanner
    if (size > this.#maxEventBytes) return `larger than ${this.#maxEventBytes} bytes`
    if (builder.columnCount > MAX_PART_COLUMNS) return TOO_MANY_COLUMNS
    if (this.#days.size * builder.columnCount > MAX_PART_DAY_COLUMNS) return TOO_MANY_DAYS
    if (!hasTime) return undefined
    const { day, offset } = time
    if (day < this.#oldest.day || (day === this.#oldest.day && offset < this.#oldest.offset)) return 'older than the retention'
    if (day > this.#newest.day || (day === this.#newest.day && offset > this.#newest.offset)) return 'more than 10 minutes in the future'
    if (day === this.#lastDay) return undefined
    if (!this.#days.has(day) && (this.#days.size === MAX_PART_DAYS || (this.#days.size + 1) * builder.columnCount > MAX_PART_DAY_COLUMNS)) return TOO_MANY_DAYS
    this.#days.add(day)
    this.#lastDay = day
    return undefined
  }

  #count(size: number): void {
    this.#events++
    this.#rows++
    this.#bytes += size
  }

  /** Closes the part if an event of this size, or with names that are too many for it, goes into the next one; the open row is gone then. */
  #startPart(size: number, repeatedBytes = 0): boolean {
    const isTooLarge = this.#rows > 0 && (this.#bytes + size > this.#maxPartBytes || this.#repeatedBytes + repeatedBytes > this.#maxPartBytes * MAX_REPETITION_OF_A_PART)
    if (!isTooLarge && !(this.#scanner.builder.columnCount > MAX_PART_COLUMNS && this.#canCloseWidePart)) return false
    this.#scanner.builder.discardRow()
    this.#closePart()
    return true
  }

  get #canCloseWidePart(): boolean {
    return this.#rows > 0 && this.#wideParts < MAX_WIDE_PARTS
  }

  #closePart(): void {
    if (this.#scanner.builder.columnCount >= MAX_PART_COLUMNS / 2) this.#wideParts++
    this.#parts.push({ rows: this.#rows, tables: this.#scanner.builder.take(), sourceBytes: this.#bytes })
    this.#rows = 0
    this.#bytes = 0
    this.#repeatedBytes = 0
    this.#days = new Set()
    this.#lastDay = NaN
    if (this.#scanner.isWorn) this.#scanner = this.#scanner.replaced()
  }
}

/** What its events share may be so many times its bytes: it takes room in each of their rows, though little. */
const MAX_REPETITION_OF_A_PART = 16
const TOO_MANY_DAYS = 'too many different days, or attributes on them, in one part of a request'

/** A time as plain numbers: whole days since 1970, and ns since that day began. */
interface DayTime {
  readonly day: number
  readonly offset: number
}

function dayTime(ns: bigint): DayTime {
  const offset = ((ns % NS_PER_DAY) + NS_PER_DAY) % NS_PER_DAY
  return { day: Number((ns - offset) / NS_PER_DAY), offset: Number(offset) }
}

/** Where an event stands, `[start, end)`. */
export interface EventPlace {
  readonly start: number
  readonly end: number
  /** Bytes of what it shares with others, a resource or labels: they count as bytes of each. */
  readonly sharedBytes: number
}

/** A scanner of events that must be told where the next one is and what it is in. */
export interface PlacedScanner<Self, Place> extends RowScanner<Self> {
  place: Place
  /** What of the event scanned last was put from what it shares with others, in bytes. */
  readonly repeatedBytes: number
}

/**
 * Takes or rejects each event of a body that was cut into places, in steps.
 *
 * @param places undefined stands for a step's work that found none. @param bodyEnd behind the last of them.
 */
export function* takeEach<Place extends EventPlace, Scanner extends PlacedScanner<Scanner, Place>>(
  scanner: Scanner, places: Iterable<Place | undefined>, options: DecodeOptions, bodyEnd: number,
): DecodeSteps {
  const run = new RequestParts(scanner, options)
  const maxEventBytes = options.maxEventBytes ?? MAX_EVENT_BYTES
  const maxRepeatedBytes = Math.min(MAX_REPEATED_BYTES, Math.max(MIN_REPEATED_BYTES, bodyEnd * MAX_REPETITION))
  let repeated = 0
  let work = 0
  let lastStart = 0
  for (const place of places) {
    if (place === undefined || work >= STEP_BYTES) {
      yield
      work = 0
    }
    if (place === undefined) continue
    const { start, end, sharedBytes } = place
    work += Math.max(0, start - lastStart) + PLACE_WORK
    lastStart = start
    if (run.isFull) {
      run.reject(`this event and all after it: more than ${MAX_REQUEST_EVENTS} in one request`, bodyEnd - start)
      break
    }
    // Neither is looked at: that alone would take long.
    if (end - start + sharedBytes > maxEventBytes) run.reject(`larger than ${maxEventBytes} bytes${end - start > maxEventBytes ? '' : ' with what it shares with others'}`, end - start)
    else if (repeated > maxRepeatedBytes) run.reject(`what events share makes more than ${maxRepeatedBytes} bytes of this request`, end - start)
    else {
      run.scanner.place = place
      if (run.scan(start) < 0) run.reject(run.scanner.failure, end - start)
      else run.take(start, end - start, run.scanner.repeatedBytes)
      repeated += run.scanner.repeatedBytes
      work += run.scanner.repeatedBytes
    }
  }
  return run.finish()
}

/** A resource of 4 KB with lines of 60 bytes is 70 times the body; only a made-up one is more than this. */
const MAX_REPETITION = 256
/** Below it the time that it takes is short whatever the body is. */
const MIN_REPEATED_BYTES = 8 * 1024 * 1024
/** Beyond it a request's rows would take hundreds of megabytes. */
const MAX_REPEATED_BYTES = 2 * 1024 * 1024 * 1024
/** Finding the smallest event costs as much as so many bytes of one. */
const PLACE_WORK = 64

/** Scanners between requests: what one has learned makes small requests fast. The one put back last is taken first, so that a request whose steps take long keeps none from them. */
export class ScannerPool<Scanner extends { readonly isWorn: boolean }> {
  readonly #open: () => Scanner
  readonly #release: (scanner: Scanner) => void
  readonly #idle: Scanner[] = []

  constructor(open: () => Scanner, release: (scanner: Scanner) => void) {
    this.#open = open
    this.#release = release
  }

  *use<T>(work: (scanner: Scanner) => Generator<void, T, void>): Generator<void, T, void> {
    const scanner = this.#idle.pop() ?? this.#open()
    const result = yield* work(scanner) // if it throws, the scanner is lost: a half-filled row would spoil the next request
    this.#release(scanner)
    if (!scanner.isWorn && this.#idle.length < MAX_IDLE_SCANNERS) this.#idle.push(scanner)
    return result
  }
}

/** More requests than this are rarely between two of their steps. */
const MAX_IDLE_SCANNERS = 4
