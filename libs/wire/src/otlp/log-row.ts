import { isUtf8 } from 'node:buffer'
import { MAX_DEPTH } from '../event-scanner.ts'
import { WrittenRows, type Attribute, type ReservedName, type TextSource } from '../row-writer.ts'
import { statusOfSeverity } from './severity.ts'

/**
 * One OpenTelemetry log record as a row, however it was encoded:
 *
 * - the body: a text is the message; of a map, `message` or `msg` is, and all its entries are attributes; anything else is the message as JSON
 * - the severity's text in lower case, else the name of its number, is the status
 * - `service.name` and `host.name` of the resource are service and host; all else of resource and record are attributes, the record's own going before; dots in names are levels
 */
export abstract class LogRow extends WrittenRows {
  #observedNs = 0n

  protected begin(): void {
    this.rows.begin()
    this.#observedNs = 0n
  }

  /** Time of the event, ns since 1970; 0 when it is not known. */
  protected putEventTime(ns: bigint): void {
    if (ns !== 0n) this.putTime(ns)
  }

  /** When a collector saw it: stands for a time that is not known. */
  protected putObservedTime(ns: bigint): void {
    this.#observedNs = ns
  }

  protected putSeverity(number: number, text: string): void {
    const status = text === '' ? statusOfSeverity(number) : text.toLowerCase()
    if (status !== undefined) this.rows.reserved('status').putText(status)
  }

  /** @param hex empty, or all zeroes, for none. */
  protected putId(name: 'trace_id' | 'span_id', hex: string): void {
    if (hex !== '' && !/^0+$/.test(hex)) this.rows.reserved(name).putText(hex.toLowerCase())
  }

  protected finish(): void {
    if (!this.rows.hasTime) this.putEventTime(this.#observedNs)
  }

  /** The attribute of a key below others; undefined when the row is refused for it. */
  protected attribute(path: string): Attribute | undefined {
    return this.rows.attribute(path)
  }

  /** The name of an attribute: dots of keys are levels, as everywhere in OpenTelemetry. */
  protected pathOf(prefix: string, key: string): string {
    const name = key.includes('\\') ? key.replaceAll('\\', '\\\\') : key
    return prefix === '' ? name : `${prefix}.${name}`
  }

  /** @returns false when maps are nested too deep; the row is refused then. */
  protected admitDepth(depth: number): boolean {
    if (depth <= MAX_DEPTH) return true
    this.rows.refuse('nested too deep')
    return false
  }
}

/** What an attribute belongs to. */
export type Holder = 'resource' | 'record' | 'body'

/** The reserved attribute that stands for one of OpenTelemetry's. */
export function reservedOf(holder: Holder, key: string): ReservedName | undefined {
  if (holder === 'resource') return key === 'service.name' ? 'service' : key === 'host.name' ? 'host' : undefined
  return holder === 'body' && (key === 'message' || key === 'msg') ? 'message' : undefined
}

/** Puts a text of any bytes: what is no UTF-8 becomes U+FFFD. */
export function putBytesAsText(attribute: Attribute, source: TextSource, start: number, end: number): void {
  let at = start
  while (at < end && (source.bytes[at] ?? 0) < 0x80) at++
  if (at === end || isUtf8(source.bytes.subarray(start, end))) attribute.putString(source, start, end)
  else attribute.putText(utf8Of(source.bytes, start, end))
}

export function utf8Of(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8')
}

/** NaN and the infinities are no JSON numbers: they are kept as texts. */
export function putDouble(attribute: Attribute, value: number): void {
  if (Number.isFinite(value)) attribute.putNumber(value)
  else attribute.putText(String(value))
}

/** A whole number of 64 bits. */
export function putInteger(attribute: Attribute, value: bigint): void {
  if (value >= -MAX_SAFE && value <= MAX_SAFE) attribute.putNumber(Number(value))
  else attribute.putNumeral(String(value))
}

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER)
