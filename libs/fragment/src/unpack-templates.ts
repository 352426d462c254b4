// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import { ByteReader } from './bytes.ts'
import { FragmentCorruptError } from './fragment.ts'
import { INTEGER_WIDTHS } from './pack-templates.ts'
import { SlotPools, type Slot } from './slot-pools.ts'
import type { Column, Strings } from './table.ts'
import { TextBuffer } from './text-buffer.ts'
import { SLOT } from './tokens.ts'

/** A column of templates whose streams are unpacked; its texts are made when asked for. */
export class TemplateColumn {
  /** Per row: 0 = no value, k = template k-1. */
  readonly codes: Uint16Array
  readonly #templates: readonly Template[]
  readonly #pools: SlotPools

  /**
   * @param streams as `packTemplates` made them.
   * @param columnAt the column at an index of the table, for those that slots refer to.
   * @throws FragmentCorruptError
   */
  constructor(streams: readonly Uint8Array[], rows: number, columnAt: (index: number) => Column | undefined) {
    const [head, codes, ...pools] = streams
    if (head === undefined || codes === undefined || pools.length !== INTEGER_WIDTHS + 2) throw new FragmentCorruptError('a column of templates lacks a stream')
    const reader = new ByteReader(head)
    const lengths = reader.u32Array(reader.u32())
    const count = lengths.length
    this.codes = unpackCodes(codes, count, rows)
    const uses = new Uint32Array(count + 1)
    for (const code of this.codes) uses[code]!++
    const pieces = Array.from(lengths, (length) => splitAtSlots(reader.raw(length)))
    this.#pools = new SlotPools(pools)
    this.#templates = pieces.map((parts, template) => ({ parts, slots: parts.slice(1).map(() => this.#pools.readSlot(reader, uses[template + 1]!, columnAt)) }))
    this.#pools.assertUsed()
  }

  /** The texts of all rows, empty where there is no value. @param wanted 1 per row whose text is asked for; others stay empty. */
  texts(wanted?: Uint8Array): Strings {
    const { codes } = this
    const templates = this.#templates
    const pools = this.#pools
    const offsets = new Uint32Array(codes.length + 1)
    const ranks = new Uint32Array(templates.length)
    const buffer = new TextBuffer(wanted === undefined ? codes.length * 64 : 4096)
    for (let row = 0; row < codes.length; row++) {
      const code = codes[row]!
      if (code !== 0) {
        const rank = ranks[code - 1]!++
        if (wanted === undefined || wanted[row] === 1) {
          const { parts, slots } = templates[code - 1]!
          buffer.copy(parts[0]!)
          for (let i = 0; i < slots.length; i++) {
            pools.writeValue(buffer, slots[i]!, rank, row)
            buffer.copy(parts[i + 1]!)
          }
        }
      }
      offsets[row + 1] = buffer.length
    }
    return { offsets, bytes: buffer.finish() }
  }
}

interface Template {
  /** What stands before, between and after the slots: one more than slots. */
  readonly parts: readonly Uint8Array[]
  readonly slots: readonly Slot[]
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
  for (let row = 0; row < rows; row++) codes[row] = templates < 256 ? planes[row]! : planes[row]! | (planes[rows + row]! << 8)
  for (const code of codes) if (code > templates) throw new FragmentCorruptError('a code names no template')
  return codes
}
