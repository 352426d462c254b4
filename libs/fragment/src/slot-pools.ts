// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import { ByteReader } from './bytes.ts'
import { FragmentCorruptError, SLOT_BYTES } from './fragment.ts'
import { INTEGER_WIDTHS, REFERENCE, VARIED_SCALE } from './pack-templates.ts'
import { isReferable, writeReferred, type ReferableColumn } from './slot-reference.ts'
import { SLOT_KINDS, UUID_DASHES } from './slot-values.ts'
import type { Column, Strings } from './table.ts'
import type { TextBuffer } from './text-buffer.ts'

/** One slot of one template: where its values stand in the pools. */
export interface Slot {
  readonly kind: number
  /** Bytes per value: of an integer above `base`, or of fixed bytes. */
  readonly width: number
  /** Index of its first value, in values of its pool; for fixed bytes in bytes. */
  readonly first: number
  readonly base: number
  /** Least digits of an integer. */
  readonly pad: number
  /** Digits after the point. */
  readonly scale: number
  /** Index of its first scale among integers of one byte; -1 when all have the same. */
  readonly firstScale: number
  /** Of a hex string. */
  readonly digits: number
  readonly isUpper: boolean
  /** Where its values stand unless they are its own; undefined when all are. */
  readonly reference: { readonly column: ReferableColumn; readonly parameter: number; readonly own: OwnValues | undefined } | undefined
}

/** Which values of a slot with a reference are its own. */
interface OwnValues {
  /** Index of its first mark among integers of one byte. */
  readonly firstMark: number
  /** Per value: how many of those before it are its own. */
  readonly ranks: Uint32Array
}

/** The unpacked values of all slots of one column. Slots take theirs in the order of the templates. */
export class SlotPools {
  readonly #planes: readonly Uint8Array[]
  /** Per width - 1: how many values there are, and how many slots have taken. */
  readonly #counts: readonly number[]
  readonly #taken = new Uint32Array(INTEGER_WIDTHS)
  readonly #fixed: Uint8Array
  #fixedTaken = 0
  readonly #texts: Strings
  #textsTaken = 0

  /** @param streams integers by width, fixed bytes, texts. */
  constructor(streams: readonly Uint8Array[]) {
    this.#planes = streams.slice(0, INTEGER_WIDTHS)
    this.#counts = this.#planes.map((planes, index) => planes.length / (index + 1))
    this.#fixed = streams[INTEGER_WIDTHS]!
    const reader = new ByteReader(streams[INTEGER_WIDTHS + 1]!)
    const lengths = reader.u32Array(reader.u32())
    const offsets = new Uint32Array(lengths.length + 1)
    for (let i = 0; i < lengths.length; i++) offsets[i + 1] = offsets[i]! + lengths[i]!
    this.#texts = { offsets, bytes: reader.raw(offsets[lengths.length]!) }
  }

  /** Reads what `packTemplates` tells of a slot with `count` values. @param columnAt the column at an index of the table. */
  readSlot(reader: ByteReader, count: number, columnAt: (index: number) => Column | undefined): Slot {
    const kind = reader.u8()
    if (kind !== REFERENCE) return this.#readOwn(reader, kind, count)
    const column = columnAt(reader.u32())
    const parameter = reader.u8()
    if (!isReferable(column)) throw new FragmentCorruptError('a slot refers to no column')
    if (reader.u8() === 0) return { ...EMPTY_SLOT, reference: { column, parameter, own: undefined } }
    const firstMark = this.#take(1, count)
    const ranks = new Uint32Array(count)
    let own = 0
    for (let i = 0; i < count; i++) {
      ranks[i] = own
      if (this.#planes[0]![firstMark + i] === 1) own++
    }
    return { ...this.#readOwn(reader, reader.u8(), own), reference: { column, parameter, own: { firstMark, ranks } } }
  }

  #readOwn(reader: ByteReader, kind: number, count: number): Slot {
    const slot = { ...EMPTY_SLOT, kind }
    switch (kind) {
      case SLOT_KINDS.integer:
        slot.pad = reader.u8()
        break
      case SLOT_KINDS.decimal:
        slot.scale = reader.u8()
        if (slot.scale === VARIED_SCALE) slot.firstScale = this.#take(1, count)
        break
      case SLOT_KINDS.address:
        break
      case SLOT_KINDS.hex:
        slot.digits = reader.u8()
        slot.isUpper = reader.u8() === 1
        slot.width = (slot.digits + 1) >> 1
        return { ...slot, first: this.#takeFixed(slot.width * count) }
      case SLOT_KINDS.uuid:
        slot.width = UUID_DASHES.length
        return { ...slot, first: this.#takeFixed(slot.width * count) }
      case SLOT_KINDS.text:
        slot.first = this.#textsTaken
        this.#textsTaken += count
        return { ...slot }
      default:
        throw new FragmentCorruptError(`unknown kind ${kind} of a slot`)
    }
    slot.width = reader.u8()
    slot.base = reader.f64()
    if (slot.width > INTEGER_WIDTHS || !(slot.base >= 0 && slot.base <= Number.MAX_SAFE_INTEGER)) throw new FragmentCorruptError('integers of a slot are out of bounds')
    return { ...slot, first: slot.width === 0 ? 0 : this.#take(slot.width, count) }
  }

  /** @throws FragmentCorruptError unless the slots took exactly what there is. */
  assertUsed(): void {
    if (this.#counts.some((count, index) => count !== this.#taken[index]) || this.#fixedTaken !== this.#fixed.length || this.#textsTaken !== this.#texts.offsets.length - 1) {
      throw new FragmentCorruptError('slots and their values differ in number')
    }
  }

  /** @param rank of the row among those with the slot's template. @throws FragmentCorruptError */
  writeValue(buffer: TextBuffer, slot: Slot, rank: number, row: number): void {
    const { reference } = slot
    if (reference === undefined) this.#writeOwn(buffer, slot, rank)
    else if (reference.own !== undefined && this.#planes[0]![reference.own.firstMark + rank] === 1) this.#writeOwn(buffer, slot, reference.own.ranks[rank]!)
    else if (!writeReferred(buffer, reference.column, reference.parameter, row)) throw new FragmentCorruptError('a slot refers to a row without a value')
  }

  #writeOwn(buffer: TextBuffer, slot: Slot, rank: number): void {
    switch (slot.kind) {
      case SLOT_KINDS.integer:
        buffer.decimal(this.#integer(slot, rank), slot.pad, 0)
        break
      case SLOT_KINDS.decimal:
        buffer.decimal(this.#integer(slot, rank), 1, slot.firstScale < 0 ? slot.scale : this.#planes[0]![slot.firstScale + rank]!)
        break
      case SLOT_KINDS.address: {
        const address = this.#integer(slot, rank)
        for (let shift = 24; shift >= 0; shift -= 8) {
          buffer.decimal((address >>> shift) & 255, 1, 0)
          if (shift > 0) buffer.byte(POINT)
        }
        break
      }
      case SLOT_KINDS.hex:
        buffer.hex(this.#fixed, slot.first + rank * slot.width, slot.digits, slot.isUpper)
        break
      case SLOT_KINDS.uuid:
        for (let byte = 0; byte < UUID_DASHES.length; byte++) {
          if (UUID_DASHES[byte] === 1) buffer.byte(DASH)
          buffer.hex(this.#fixed, slot.first + rank * slot.width + byte, 2, false)
        }
        break
      default:
        buffer.copyRange(this.#texts.bytes, this.#texts.offsets[slot.first + rank]!, this.#texts.offsets[slot.first + rank + 1]!)
    }
  }

  #integer({ width, first, base }: Slot, rank: number): number {
    if (width === 0) return base
    const planes = this.#planes[width - 1]!
    const count = this.#counts[width - 1]!
    let at = first + rank
    let value = planes[at]!
    for (let plane = 1, factor = 256; plane < width; plane++, factor *= 256) value += planes[(at += count)]! * factor
    return base + value
  }

  /** Answers the index of the first of `count` values. */
  #take(width: number, count: number): number {
    const first = this.#taken[width - 1]!
    this.#taken[width - 1] = first + count
    return first
  }

  #takeFixed(bytes: number): number {
    const first = this.#fixedTaken
    this.#fixedTaken += bytes
    return first
  }
}

/**
 * Reads the same as {@link SlotPools.readSlot}, but tells only of what bytes the slot's values are, see {@link SLOT_BYTES}.
 *
 * @param bytesOf the bytes of what a reference to a column makes.
 */
export function readSlotBytes(reader: ByteReader, bytesOf: (index: number, parameter: number) => number): number {
  const kind = reader.u8()
  if (kind !== REFERENCE) return readOwnBytes(reader, kind)
  const index = reader.u32()
  const bytes = bytesOf(index, reader.u8())
  return reader.u8() === 0 ? bytes : bytes | readOwnBytes(reader, reader.u8())
}

function readOwnBytes(reader: ByteReader, kind: number): number {
  switch (kind) {
    case SLOT_KINDS.integer:
    case SLOT_KINDS.decimal:
      reader.u8()
      break
    case SLOT_KINDS.address:
      break
    case SLOT_KINDS.hex:
      reader.u8()
      return SLOT_BYTES.digit | (reader.u8() === 1 ? SLOT_BYTES.upperHex : SLOT_BYTES.lowerHex)
    case SLOT_KINDS.uuid:
      return SLOT_BYTES.digit | SLOT_BYTES.lowerHex | SLOT_BYTES.dash
    case SLOT_KINDS.text:
      return ANY_BYTES
    default:
      throw new FragmentCorruptError(`unknown kind ${kind} of a slot`)
  }
  reader.u8()
  reader.f64()
  return kind === SLOT_KINDS.integer ? SLOT_BYTES.digit : SLOT_BYTES.digit | SLOT_BYTES.point
}

/** What a reference makes of the entries of a dictionary: all but their first `parameter` bytes. */
export function bytesOfEntries({ offsets, bytes }: Strings, parameter: number): number {
  let kinds = 0
  for (let entry = 0; entry + 1 < offsets.length; entry++) for (let at = offsets[entry]! + parameter; at < offsets[entry + 1]!; at++) kinds |= BYTE_KINDS[bytes[at]!]!
  return kinds
}

const POINT = 46
const DASH = 45
/** All of {@link SLOT_BYTES}. */
export const ANY_BYTES = 127
const BYTE_KINDS = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === POINT) return SLOT_BYTES.point
  if (byte === DASH) return SLOT_BYTES.dash
  if (byte >= 128) return SLOT_BYTES.letter
  const character = String.fromCharCode(byte)
  if (/[0-9]/.test(character)) return SLOT_BYTES.digit
  if (/[a-f]/.test(character)) return SLOT_BYTES.lowerHex
  if (/[A-F]/.test(character)) return SLOT_BYTES.upperHex
  return /[a-zA-Z]/.test(character) ? SLOT_BYTES.letter : SLOT_BYTES.other
})

const EMPTY_SLOT = { kind: 0, width: 0, first: 0, base: 0, pad: 1, scale: 0, firstScale: -1, digits: 0, isUpper: false, reference: undefined }
