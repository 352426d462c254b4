// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import { stringAt } from '@millrace/fragment/strings'
import { LITERALS, type Column } from '@millrace/fragment/table'
import type { Facet } from '@millrace/query-language/ast'
import { columnOf, valuesOfString } from './filters/facet-columns.ts'
import type { Element } from './filters/json-elements.ts'
import type { FragmentReader } from './fragment-reader.ts'
import { gatherByCodes } from './row-masks.ts'

/** What events are grouped by. A number and the string of its digits are two keys. */
export type Key = string | number

/** Keys of one facet in one fragment. */
export interface FacetKeys {
  /** Key of code k is `keys[k - 1]`. */
  readonly keys: readonly Key[]
  /** Codes of some rows. Afterwards `keys` has them all. */
  assign(rows: Uint32Array): AssignedKeys
}

export interface AssignedKeys {
  /** Code i belongs to row `rows[from[i]]`, which may have several; undefined when each row has just one. */
  readonly from: Uint32Array | undefined
  /** 0 = the row has no value. */
  readonly codes: Uint32Array
}

/** Reads a facet's columns for grouping. A row with several values (tags, an array) has each distinct one. */
export async function loadKeys(fragment: FragmentReader, facet: Facet): Promise<FacetKeys> {
  const columns = await fragment.columns(columnOf(facet))
  const codes = new Map<Key, number>()
  const keys: Key[] = []
  const codeOf = (key: Key): number => {
    let code = codes.get(key)
    if (code === undefined) {
      code = keys.push(key)
      codes.set(key, code)
    }
    return code
  }
  const readers = columns.map((column) => rowCodes(fragment, facet, column, codeOf))
  const [only, ...others] = readers
  if (only?.single !== undefined && others.length === 0) {
    const { single } = only
    return { keys, assign: (rows) => ({ from: undefined, codes: single(rows) }) }
  }
  return { keys, assign: (rows) => assignSeveral(readers, rows) }
}

/** A number when a double holds it as it was written. */
export function keyOfElement({ type, text }: Element): Key {
  return type === 'numeral' && String(Number(text)) === text ? Number(text) : text
}

interface RowCodes {
  /** One code per row, 0 for none; undefined when a row may have several. */
  readonly single: ((rows: Uint32Array) => Uint32Array) | undefined
  readonly several: (row: number) => readonly number[]
}

function rowCodes(fragment: FragmentReader, facet: Facet, column: Column, codeOf: (key: Key) => number): RowCodes {
  const codesOfText = (type: 'string' | 'json' | 'numeral', text: string): readonly number[] => [...new Set(valuesOfString(facet, type, text).map((element) => codeOf(keyOfElement(element))))]
  switch (column.layout) {
    case 'dictionary': {
      const lists = [NO_CODES, ...fragment.textsOf(column.dictionary).map((text) => codesOfText(column.type, text))]
      const byCode = Uint32Array.from(lists, ([code = 0]) => code)
      const isSingle = lists.every((list) => list.length <= 1)
      return { single: isSingle ? (rows) => gatherByCodes(column.codes, byCode, rows) : undefined, several: (row) => lists[column.codes[row]!]! }
    }
    case 'text': {
      const several = (row: number): readonly number[] => (column.present?.[row] === 0 ? NO_CODES : codesOfText(column.type, stringAt(column.strings, row)))
      return { single: undefined, several }
    }
    case 'number': {
      const { values, present } = column
      const one = (row: number): number => (present?.[row] === 0 ? 0 : codeOf(values[row]! + 0))
      return { single: (rows) => rows.map(one), several: (row) => (present?.[row] === 0 ? NO_CODES : [one(row)]) }
    }
    case 'literal': {
      const byCode = new Uint32Array(4)
      for (const [text, code] of Object.entries(LITERALS)) if (column.codes.includes(code)) byCode[code] = codeOf(text)
      return { single: (rows) => gatherByCodes(column.codes, byCode, rows), several: (row) => (column.codes[row] === 0 ? NO_CODES : [byCode[column.codes[row]!]!]) }
    }
  }
}

const NO_CODES: readonly number[] = []

function assignSeveral(readers: readonly RowCodes[], rows: Uint32Array): AssignedKeys {
  const from: number[] = []
  const codes: number[] = []
  for (let i = 0; i < rows.length; i++) {
    const before = codes.length
    // Columns of one name share no row, so the codes of one row are distinct.
    for (const { several } of readers) for (const code of several(rows[i]!)) {
      from.push(i)
      codes.push(code)
    }
    if (codes.length > before) continue
    from.push(i)
    codes.push(0)
  }
  return { from: Uint32Array.from(from), codes: Uint32Array.from(codes) }
}
