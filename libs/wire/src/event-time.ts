// Loops over bytes: a position below `end` is in range, which the compiler cannot see.
import { NS_PER_DAY } from '@millrace/event/event'
import { parseTimestamp, timestampFromEpoch } from '@millrace/event/timestamp'
import { DOT, isDigit, ZERO } from './json-reader.ts'

/** Reads an event's own time into plain numbers. Consecutive events mostly share their minute, so its text is compared and not parsed again. */
export class EventTime {
  /** Whole days since 1970, and ns since that day began. */
  day = 0
  offset = 0
  /** Whether the text names a part of a second. */
  isPrecise = false
  /** The 16 bytes of the minute, as four words. */
  #minute0 = 0
  #minute1 = 0
  #minute2 = 0
  #minute3 = 0
  #minuteDay = 0
  #minuteOffset = 0

  setNs(ns: bigint): void {
    const offset = ((ns % NS_PER_DAY) + NS_PER_DAY) % NS_PER_DAY
    this.day = Number((ns - offset) / NS_PER_DAY)
    this.offset = Number(offset)
  }

  /** Reads the text of a string or a number. False when it is no time; then nothing has changed. */
  read(bytes: Uint8Array, view: DataView, start: number, end: number): boolean {
    return this.#readInMinute(bytes, view, start, end) || this.#readMilliseconds(bytes, start, end) || this.#readAny(bytes, view, start, end)
  }

  /** `2026-11-22T10:00:59.123456789Z` of the minute seen last. */
  #readInMinute(bytes: Uint8Array, view: DataView, start: number, end: number): boolean {
    if (end - start < 20 || bytes[end - 1] !== UPPER_Z || bytes[start + 16] !== COLON) return false
    if (view.getInt32(start + 12, true) !== this.#minute3 || view.getInt32(start + 8, true) !== this.#minute2) return false
    if (view.getInt32(start + 4, true) !== this.#minute1 || view.getInt32(start, true) !== this.#minute0) return false
    const tens = bytes[start + 17]! - ZERO
    const ones = bytes[start + 18]! - ZERO
    if (tens < 0 || tens > 5 || ones < 0 || ones > 9) return false
    let at = start + 19
    let fraction = 0
    let scale = 1e9
    if (bytes[at] === DOT) {
      for (at++; at < end - 1 && scale > 1 && isDigit(bytes[at]!); at++) {
        fraction = fraction * 10 + bytes[at]! - ZERO
        scale /= 10
      }
      if (scale === 1e9) return false
    }
    if (at !== end - 1) return false
    this.day = this.#minuteDay
    this.offset = this.#minuteOffset + (tens * 10 + ones) * 1e9 + fraction * scale
    this.isPrecise = scale < 1e9
    return true
  }

  /** 12 to 14 digits. */
  #readMilliseconds(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start < 12 || end - start > 14 || bytes[start] === ZERO) return false
    let ms = 0
    for (let at = start; at < end; at++) {
      if (!isDigit(bytes[at]!)) return false
      ms = ms * 10 + bytes[at]! - ZERO
    }
    this.day = Math.floor(ms / MS_PER_DAY)
    this.offset = (ms - this.day * MS_PER_DAY) * 1e6
    this.isPrecise = true
    return true
  }

  #readAny(bytes: Uint8Array, view: DataView, start: number, end: number): boolean {
    if (end - start > MAX_TIME_BYTES || end === start) return false
    const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
    const ns = parseTimestamp(text)
    if (ns !== undefined) {
      this.setNs(ns)
      this.isPrecise = /[.,]/.test(text)
      if (MINUTE_TEXT.test(text)) {
        this.#minute0 = view.getInt32(start, true)
        this.#minute1 = view.getInt32(start + 4, true)
        this.#minute2 = view.getInt32(start + 8, true)
        this.#minute3 = view.getInt32(start + 12, true)
        this.#minuteDay = this.day
        this.#minuteOffset = Math.floor(this.offset / 60e9) * 60e9
      }
      return true
    }
    const epochNs = timestampFromEpoch(text)
    if (epochNs === undefined) return false
    this.setNs(epochNs)
    this.isPrecise = text.includes('.') || text.replace('-', '').replace(/^0+/, '').length > MAX_SECONDS_DIGITS
    return true
  }
}

const COLON = 0x3a
const UPPER_Z = 0x5a
const MS_PER_DAY = 86_400_000
/** The longest epoch count that is understood. */
const MAX_TIME_BYTES = 64
/** Counts with more digits are milliseconds or finer. */
const MAX_SECONDS_DIGITS = 11
/** In UTC, and not the leap second, which belongs to the next minute. */
const MINUTE_TEXT = /^.{16}:[0-5]\d.*Z$/
