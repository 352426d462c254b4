// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import { ByteReader } from './bytes.ts'
import { FragmentCorruptError, SLOT_BYTES, type Template, type Templates, type TemplateTexts } from './fragment.ts'
import { INTEGER_WIDTHS } from './pack-templates.ts'
import { ANY_BYTES, readSlotBytes, SlotPools, type Slot } from './slot-pools.ts'
import type { Column, Strings } from './table.ts'
import { TextBuffer } from './text-buffer.ts'
import { SLOT } from './tokens.ts'

/** A column of templates whose streams are unpacked; its texts are made when asked for. */
export class TemplateColumn implements TemplateTexts {
  /** Per row: 0 = no value, k = template k-1. */
  readonly codes: Uint16Array
  readonly bytes: number
  readonly #templates: readonly FilledTemplate[]
  readonly #pools: SlotPools
  #ranks: Uint32Array | undefined

  /**
   * @param streams as `packTemplates` made them.
   * @param columnAt the column at an index of the table, for those that slots refer to.
   * @throws FragmentCorruptError
   */
  constructor(streams: readonly Uint8Array[], rows: number, columnAt: (index: number) => Column | undefined) {
    const [head, codes, ...pools] = streams
    if (head === undefined || codes === undefined || pools.length !== INTEGER_WIDTHS + 2) throw new FragmentCorruptError('a column of templates lacks a stream')
    const reader = new ByteReader(head)
    const pieces = readTemplateParts(reader)
    this.codes = unpackCodes(codes, pieces.length, rows)
    const uses = new Uint32Array(pieces.length + 1)
    for (let row = 0; row < rows; row++) uses[this.codes[row]!]!++
    this.bytes = streams.reduce((sum, stream) => sum + stream.length, 0) + rows * 8
    this.#pools = new SlotPools(pools)
    this.#templates = pieces.map((parts, template) => ({ parts, slots: parts.slice(1).map(() => this.#pools.readSlot(reader, uses[template + 1]!, columnAt)) }))
    this.#pools.assertUsed()
  }

  /** The texts of all rows, empty where there is no value. */
  texts(): Strings {
    const { codes } = this
    const ranks = new Uint32Array(this.#templates.length)
    const offsets = new Uint32Array(codes.length + 1)
    const buffer = new TextBuffer(codes.length * 64)
    for (let row = 0; row < codes.length; row++) {
      const code = codes[row]!
      if (code !== 0) this.#write(buffer, code, ranks[code - 1]!++, row)
      offsets[row + 1] = buffer.length
    }
    return { offsets, bytes: buffer.finish() }
  }

  textRows(rows: Uint32Array): Strings {
    this.#ranks ??= ranksOf(this.codes, this.#templates.length)
    const offsets = new Uint32Array(rows.length + 1)
    const buffer = new TextBuffer(rows.length * 64)
    for (let i = 0; i < rows.length; i++) {
      const code = this.codes[rows[i]!]!
      if (code !== 0) this.#write(buffer, code, this.#ranks[rows[i]!]!, rows[i]!)
      offsets[i + 1] = buffer.length
    }
    return { offsets, bytes: buffer.finish() }
  }

  #write(buffer: TextBuffer, code: number, rank: number, row: number): void {
    const { parts, slots } = this.#templates[code - 1]!
    buffer.copy(parts[0]!)
    for (let i = 0; i < slots.length; i++) {
      this.#pools.writeValue(buffer, slots[i]!, rank, row)
      buffer.copy(parts[i + 1]!)
    }
  }
}

/**
 * Reads the templates alone.
 *
 * @param bytesOf see {@link readSlotBytes}.
 * @throws FragmentCorruptError
 */
export function readTemplates(head: Uint8Array, codes: Uint8Array, rows: number, bytesOf: (index: number, parameter: number) => number): Templates {
  const reader = new ByteReader(head)
  const pieces = readTemplateParts(reader)
  const templates = pieces.map((parts): Template => {
    // What does not stand for a text as a whole is a token.
    const mask = parts.length === 2 && parts.every((part) => part.length === 0) ? ANY_BYTES : ANY_BYTES - SLOT_BYTES.other
    return { parts, slots: parts.slice(1).map(() => readSlotBytes(reader, bytesOf) & mask) }
  })
  return { templates, codes: unpackCodes(codes, templates.length, rows) }
}

interface FilledTemplate {
  readonly parts: readonly Uint8Array[]
  readonly slots: readonly Slot[]
}

function readTemplateParts(reader: ByteReader): readonly (readonly Uint8Array[])[] {
  const lengths = reader.u32Array(reader.u32())
  return Array.from(lengths, (length) => splitAtSlots(reader.raw(length)))
}

/** Per row: its number among those of its template. */
function ranksOf(codes: Uint16Array, templates: number): Uint32Array {
  const next = new Uint32Array(templates + 1)
  const ranks = new Uint32Array(codes.length)
  for (let row = 0; row < codes.length; row++) ranks[row] = next[codes[row]!]!++
  return ranks
}

function splitAtSlots(template: Uint8Array): readonly Uint8Array[] {
  const parts: Uint8Array[] = []
  let start = 0
  for (let at = template.indexOf(SLOT); at >= 0; at = template.indexOf(SLOT, start)) {
    parts.push(template.slice(start, at))
    start = at + 1
  }
  parts.push(template.slice(start))
  return parts
}

function unpackCodes(planes: Uint8Array, templates: number, rows: number): Uint16Array {
  if (planes.length !== (templates < 256 ? rows : rows * 2)) throw new FragmentCorruptError('a column has another number of codes than rows')
  const codes = new Uint16Array(rows)
  // A Buffer is a Uint8Array of another hidden class: a loop that sees both runs at half the speed.
  const plain = new Uint8Array(planes.buffer, planes.byteOffset, planes.byteLength)
  let largest = 0
  for (let row = 0; row < rows; row++) codes[row] = plain[row]!
  if (templates >= 256) for (let row = 0; row < rows; row++) codes[row]! |= plain[rows + row]! << 8
  for (let row = 0; row < rows; row++) if (codes[row]! > largest) largest = codes[row]!
  if (largest > templates) throw new FragmentCorruptError('a code names no template')
  return codes
}
