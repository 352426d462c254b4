// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import type { DictionaryColumn, TextColumn } from '@millrace/fragment/table'
import type { Facet } from '@millrace/query-language/ast'
import { loadKeys, type FacetKeys } from './facet-keys.ts'
import { columnOf } from './filters/facet-columns.ts'
import type { FragmentReader } from './fragment-reader.ts'
import { hashText } from './hash-texts.ts'

/** Hashes of a facet's values in some rows, each with its cell; the same pair may come again. */
export type VisitHashes = (rows: Uint32Array, cells: Uint32Array, visit: (cell: number, hash: number) => void) => void

/** Reads a facet's columns for counting distinct values: the keys that grouping by it would give. */
export async function loadHashes(fragment: FragmentReader, facet: Facet): Promise<VisitHashes> {
  const [only, ...others] = await fragment.columns(columnOf(facet))
  const isList = columnOf(facet) === 'tags' && facet.kind !== 'attribute'
  if (only?.type === 'string' && !isList && others.length === 0) {
    return only.layout === 'dictionary' ? visitDictionary(fragment.hashesOf(only.dictionary), only) : visitTexts(fragment.hashesOf(only.strings), only)
  }
  return visitKeys(await loadKeys(fragment, facet))
}

/** A pair is visited once while the table of all pairs is small enough: one value in ten thousand rows is nothing then. */
const MAX_PAIRS = 4 * 1024 * 1024

function visitDictionary(hashes: Float64Array, { codes }: DictionaryColumn): VisitHashes {
  return (rows, cells, visit) => {
    const entries = hashes.length + 1
    let lastCell = 0
    for (let i = 0; i < cells.length; i++) if (cells[i]! > lastCell) lastCell = cells[i]!
    const wide = new Uint32Array(codes) // one type of array for the loop, see row-masks.ts
    if ((lastCell + 1) * entries > MAX_PAIRS) {
      for (let i = 0; i < rows.length; i++) if (wide[rows[i]!] !== 0) visit(cells[i]!, hashes[wide[rows[i]!]! - 1]!)
      return
    }
    const seen = new Uint8Array((lastCell + 1) * entries)
    markPairs(rows, cells, wide, entries, seen)
    for (let cell = 0; cell <= lastCell; cell++) for (let code = 1; code < entries; code++) if (seen[cell * entries + code] === 1) visit(cell, hashes[code - 1]!)
  }
}

function markPairs(rows: Uint32Array, cells: Uint32Array, codes: Uint32Array, entries: number, seen: Uint8Array): void {
  for (let i = 0; i < rows.length; i++) seen[cells[i]! * entries + codes[rows[i]!]!] = 1
}

function visitTexts(hashes: Float64Array, { present }: TextColumn): VisitHashes {
  return (rows, cells, visit) => {
    for (let i = 0; i < rows.length; i++) if (present === undefined || present[rows[i]!] === 1) visit(cells[i]!, hashes[rows[i]!]!)
  }
}

function visitKeys(facetKeys: FacetKeys): VisitHashes {
  return (rows, cells, visit) => {
    const { from, codes } = facetKeys.assign(rows)
    // A number's hash is of its text after a NUL, so that it differs from the string's.
    const hashes = facetKeys.keys.map((key) => hashText(typeof key === 'number' ? `\0${key}` : key))
    for (let i = 0; i < codes.length; i++) if (codes[i] !== 0) visit(cells[from === undefined ? i : from[i]!]!, hashes[codes[i]! - 1]!)
  }
}
