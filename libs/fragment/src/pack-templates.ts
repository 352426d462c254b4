// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import { ByteWriter } from './bytes.ts'
import { readSlot, SLOT_KINDS } from './slot-values.ts'
import { findReference, isReferable, isReferred } from './slot-reference.ts'
import type { Column, Strings } from './table.ts'
import { SLOT, type Tokens } from './tokens.ts'

/**
 * Lays tokens out by template and slot, so that values of one meaning stand side by side; FORMAT.md draws the streams:
 * templates and what their slots hold, codes, integers by width, fixed bytes, texts.
 *
 * @param columns of the same table: slots refer to them where they hold the same.
 */
export function packTemplates({ bytes }: Strings, tokens: Tokens, columns: readonly Column[]): PackedTemplates {
  const { offsets } = tokens.templates
  const templates = offsets.length - 1
  const head = new ByteWriter(tokens.templates.bytes.length + 4096)
  head.u32(templates)
  for (let template = 0; template < templates; template++) head.u32(offsets[template + 1]! - offsets[template]!)
  head.raw(tokens.templates.bytes)

  const pools = new SlotPools(bytes, tokens, columns)
  for (let template = 0; template < templates; template++) {
    const rows = tokens.rowsOf[template]!
    const spans = new Uint32Array(rows.length)
    let slot = 0
    for (let at = offsets[template]!; at < offsets[template + 1]!; at++) {
      if (tokens.templates.bytes[at] !== SLOT) continue
      for (let i = 0; i < rows.length; i++) spans[i] = tokens.firstSpans[rows[i]!]! + slot
      pools.add(head, rows, spans)
      slot++
    }
  }
  return { streams: [head.finish(), packCodes(tokens.codes, templates), ...pools.finish()], references: pools.references() }
}

export interface PackedTemplates {
  readonly streams: readonly Uint8Array[]
  /** Indexes of the columns that slots refer to: a reader needs these as well. */
  readonly references: readonly number[]
}

/** Widths of integers, in bytes, that have a stream each. 53 bits need seven. */
export const INTEGER_WIDTHS = 7
/** Stands instead of a slot's kind when it refers to a column. Follows: index u32, parameter u8, and 1 (u8) when some values are its own, then what those are. */
export const REFERENCE = 128
/** Stands for a scale that differs from value to value. */
export const VARIED_SCALE = 255

/** Codes as one or two planes of bytes. */
function packCodes(codes: Uint32Array, templates: number): Uint8Array {
  const rows = codes.length
  const planes = new Uint8Array(templates < 256 ? rows : rows * 2)
  for (let row = 0; row < rows; row++) planes[row] = codes[row]!
  if (templates >= 256) for (let row = 0; row < rows; row++) planes[rows + row] = codes[row]! >>> 8
  return planes
}

/** Gathers the values of all slots, those of one width or kind together. */
class SlotPools {
  readonly #bytes: Uint8Array
  readonly #tokens: Tokens
  readonly #columns: readonly Column[]
  readonly #references = new Set<number>()
  readonly #integers: { readonly values: Float64Array; readonly base: number }[][] = Array.from({ length: INTEGER_WIDTHS }, () => [])
  readonly #fixed: Uint8Array[] = []
  readonly #texts: Uint32Array[] = []

  constructor(bytes: Uint8Array, tokens: Tokens, columns: readonly Column[]) {
    this.#bytes = bytes
    this.#tokens = tokens
    this.#columns = columns
  }

  /** Takes the values of one slot and writes what they are to `head`. */
  add(head: ByteWriter, rows: Uint32Array, spans: Uint32Array): void {
    const reference = findReference(this.#bytes, this.#tokens, rows, spans, this.#columns)
    const column = this.#columns[reference?.index ?? -1]
    if (reference === undefined || !isReferable(column)) {
      this.#addOwn(head, spans)
      return
    }
    const isOwn = new Float64Array(rows.length)
    const own = new Uint32Array(rows.length)
    let count = 0
    for (let i = 0; i < rows.length; i++) {
      if (isReferred(this.#bytes, this.#tokens, spans[i]!, column, reference.parameter, rows[i]!)) continue
      isOwn[i] = 1
      own[count++] = spans[i]!
    }
    this.#references.add(reference.index)
    head.u8(REFERENCE)
    head.u32(reference.index)
    head.u8(reference.parameter)
    head.u8(count === 0 ? 0 : 1)
    if (count === 0) return
    this.#integers[0]!.push({ values: isOwn, base: 0 })
    this.#addOwn(head, own.subarray(0, count))
  }

  references(): readonly number[] {
    return [...this.#references]
  }

  #addOwn(head: ByteWriter, spans: Uint32Array): void {
    const slot = readSlot(this.#bytes, this.#tokens, spans)
    head.u8(slot.kind)
    switch (slot.kind) {
      case SLOT_KINDS.integer:
        head.u8(slot.pad)
        this.#addIntegers(head, slot.values)
        break
      case SLOT_KINDS.decimal: {
        const [scale] = slot.scales
        const isVaried = slot.scales.some((other) => other !== scale)
        head.u8(isVaried || scale === undefined ? VARIED_SCALE : scale)
        if (isVaried) this.#integers[0]!.push({ values: slot.scales, base: 0 })
        this.#addIntegers(head, slot.values)
        break
      }
      case SLOT_KINDS.address:
        this.#addIntegers(head, slot.values)
        break
      case SLOT_KINDS.hex:
        head.u8(slot.digits)
        head.u8(slot.isUpper ? 1 : 0)
        this.#fixed.push(slot.bytes)
        break
      case SLOT_KINDS.uuid:
        this.#fixed.push(slot.bytes)
        break
      case SLOT_KINDS.text:
        this.#texts.push(spans.slice())
    }
  }

  finish(): readonly Uint8Array[] {
    return [...this.#integers.map((parts, index) => packPlanes(parts, index + 1)), Buffer.concat(this.#fixed), this.#packTexts()]
  }

  #addIntegers(head: ByteWriter, values: Float64Array): void {
    let min = Infinity
    let max = -Infinity
    for (const value of values) {
      if (value < min) min = value
      if (value > max) max = value
    }
    let width = 0
    for (let rest = max - min; rest >= 1; rest /= 256) width++
    head.u8(width)
    head.f64(min)
    if (width > 0) this.#integers[width - 1]!.push({ values, base: min })
  }

  #packTexts(): Uint8Array {
    const { starts, ends } = this.#tokens
    const count = this.#texts.reduce((sum, spans) => sum + spans.length, 0)
    const writer = new ByteWriter(count * 12 + 64)
    writer.u32(count)
    for (const spans of this.#texts) for (const span of spans) writer.u32(ends[span]! - starts[span]!)
    for (const spans of this.#texts) for (const span of spans) writer.raw(this.#bytes.subarray(starts[span], ends[span]))
    return writer.finish()
  }
}

/** All lowest bytes, then all second ones, and so on: the high ones are mostly alike. */
function packPlanes(parts: readonly { readonly values: Float64Array; readonly base: number }[], width: number): Uint8Array {
  const count = parts.reduce((sum, { values }) => sum + values.length, 0)
  const planes = new Uint8Array(width * count)
  let at = 0
  for (const { values, base } of parts) {
    for (let i = 0; i < values.length; i++, at++) {
      const value = values[i]! - base
      if (width <= 4) for (let plane = 0, rest = value; plane < width; plane++, rest >>>= 8) planes[plane * count + at] = rest
      else for (let plane = 0, rest = value; plane < width; plane++, rest = Math.floor(rest / 256)) planes[plane * count + at] = rest % 256
    }
  }
  return planes
}
