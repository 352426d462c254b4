// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import type { Column, DictionaryColumn, LiteralColumn, NumberColumn, StringType, Strings, TextColumn } from './table.ts'

/**
 * Gathers one (name, type) from several tables: row i of the result is row `rows[i]` of `sources[tables[i]]`.
 * Answers undefined when no gathered row has a value.
 *
 * @param sources the column in each table, undefined where a table lacks it. All of one type; layouts may differ.
 */
export function gatherColumn(sources: readonly (Column | undefined)[], tables: Uint16Array, rows: Uint32Array): Column | undefined {
  const first = sources.find((source) => source !== undefined)
  if (first === undefined) return undefined
  switch (first.layout) {
    case 'number':
      return gatherNumbers(first.name, sources as readonly (NumberColumn | undefined)[], tables, rows)
    case 'literal':
      return gatherLiterals(first.name, sources as readonly (LiteralColumn | undefined)[], tables, rows)
    case 'dictionary':
    case 'text': {
      const strings = sources as readonly (DictionaryColumn | TextColumn | undefined)[]
      const dictionaries = strings.reduce((sum, source) => sum + (source?.layout === 'dictionary' ? source.dictionary.offsets.length - 1 : 0), 0)
      const isText = strings.some((source) => source?.layout === 'text') || dictionaries > MAX_DICTIONARY_SHARE * rows.length + MIN_DICTIONARY
      return isText ? gatherText(first.name, first.type, strings, tables, rows) : gatherCodes(first.name, first.type, strings as readonly (DictionaryColumn | undefined)[], tables, rows)
    }
  }
}

/** Above this share of distinct values a dictionary costs more than it saves. */
const MAX_DICTIONARY_SHARE = 0.5
/** Few entries are always worth a dictionary. */
const MIN_DICTIONARY = 256

function gatherNumbers(name: string, sources: readonly (NumberColumn | undefined)[], tables: Uint16Array, rows: Uint32Array): Column | undefined {
  const values = new Float64Array(rows.length)
  const present = new Uint8Array(rows.length)
  let count = 0
  for (let i = 0; i < rows.length; i++) {
    const source = sources[tables[i]!]
    const row = rows[i]!
    if (source === undefined || (source.present !== undefined && source.present[row] === 0)) continue
    values[i] = source.values[row]!
    present[i] = 1
    count++
  }
  return count === 0 ? undefined : { layout: 'number', name, type: 'number', values, present: count === rows.length ? undefined : present }
}

function gatherLiterals(name: string, sources: readonly (LiteralColumn | undefined)[], tables: Uint16Array, rows: Uint32Array): Column | undefined {
  const codes = new Uint8Array(rows.length)
  let any = 0
  for (let i = 0; i < rows.length; i++) {
    const code = sources[tables[i]!]?.codes[rows[i]!] ?? 0
    codes[i] = code
    any |= code
  }
  return any === 0 ? undefined : { layout: 'literal', name, type: 'literal', codes }
}

/** Joins the dictionaries, keeping only entries that a gathered row uses. */
function gatherCodes(name: string, type: StringType, sources: readonly (DictionaryColumn | undefined)[], tables: Uint16Array, rows: Uint32Array): Column | undefined {
  const codeOfText = new Map<string, number>()
  // Per source: its code to the joined code; 0 = not met yet.
  const joined = sources.map((source) => new Uint32Array(source === undefined ? 0 : source.dictionary.offsets.length))
  const entries: Uint8Array[] = []
  const wide = new Uint32Array(rows.length)
  for (let i = 0; i < rows.length; i++) {
    const table = tables[i]!
    const source = sources[table]
    const code = source?.codes[rows[i]!] ?? 0
    if (source === undefined || code === 0) continue
    let target = joined[table]![code]!
    if (target === 0) {
      const { offsets, bytes } = source.dictionary
      const entry = bytes.subarray(offsets[code - 1], offsets[code])
      // latin1 gives every byte sequence its own text, also where it is not UTF-8.
      const key = Buffer.from(entry.buffer, entry.byteOffset, entry.length).toString('latin1')
      target = codeOfText.get(key) ?? 0
      if (target === 0) {
        entries.push(entry)
        target = entries.length
        codeOfText.set(key, target)
      }
      joined[table]![code] = target
    }
    wide[i] = target
  }
  if (entries.length === 0) return undefined
  const codes = entries.length < 256 ? Uint8Array.from(wide) : entries.length < 65_536 ? Uint16Array.from(wide) : wide
  return { layout: 'dictionary', name, type, codes, dictionary: joinEntries(entries) }
}

function gatherText(name: string, type: StringType, sources: readonly (DictionaryColumn | TextColumn | undefined)[], tables: Uint16Array, rows: Uint32Array): Column | undefined {
  const offsets = new Uint32Array(rows.length + 1)
  const present = new Uint8Array(rows.length)
  const starts = new Uint32Array(rows.length)
  let count = 0
  let length = 0
  for (let i = 0; i < rows.length; i++) {
    const source = sources[tables[i]!]
    const row = rows[i]!
    const entry = source === undefined ? -1 : source.layout === 'dictionary' ? source.codes[row]! - 1 : source.present !== undefined && source.present[row] === 0 ? -1 : row
    if (source !== undefined && entry >= 0) {
      const strings = source.layout === 'dictionary' ? source.dictionary : source.strings
      starts[i] = strings.offsets[entry]!
      length += strings.offsets[entry + 1]! - starts[i]!
      present[i] = 1
      count++
    }
    offsets[i + 1] = length
  }
  if (count === 0) return undefined
  const bytes = new Uint8Array(length)
  for (let i = 0; i < rows.length; i++) {
    const start = offsets[i]!
    const size = offsets[i + 1]! - start
    if (size === 0) continue
    const source = sources[tables[i]!]!
    const from = (source.layout === 'dictionary' ? source.dictionary : source.strings).bytes
    // A call per row costs more than a short copy.
    if (size > 64) bytes.set(from.subarray(starts[i], starts[i]! + size), start)
    else for (let byte = 0; byte < size; byte++) bytes[start + byte] = from[starts[i]! + byte]!
  }
  return { layout: 'text', name, type, strings: { offsets, bytes }, present: count === rows.length ? undefined : present }
}

function joinEntries(entries: readonly Uint8Array[]): Strings {
  const offsets = new Uint32Array(entries.length + 1)
  entries.forEach((entry, index) => {
    offsets[index + 1] = offsets[index]! + entry.length
  })
  return { offsets, bytes: Buffer.concat(entries) }
}
