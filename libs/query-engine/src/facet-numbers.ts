// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import { stringAt } from '@millrace/fragment/strings'
import type { Column, NumberColumn } from '@millrace/fragment/table'
import type { Facet } from '@millrace/query-language/ast'
import { columnOf, valuesOfString } from './filters/facet-columns.ts'
import type { FragmentReader } from './fragment-reader.ts'
import { numberOf } from './patterns/decimal.ts'

/** Some numbers, and the cell each one counts for. */
export interface CellNumbers {
  readonly cells: Uint32Array
  readonly values: Float64Array
}

/** Picks a facet's finite numbers of some rows. @param cells one per row. */
export type PickNumbers = (rows: Uint32Array, cells: Uint32Array) => CellNumbers

/** Reads a facet's columns for computing. Strings that are numbers count, and so does each number of an array. */
export async function loadNumbers(fragment: FragmentReader, facet: Facet): Promise<PickNumbers> {
  const columns = await fragment.columns(columnOf(facet))
  const [only, ...others] = columns
  if (only?.layout === 'number' && others.length === 0) return (rows, cells) => pickFromNumbers(only, rows, cells)
  const readers = columns.map((column) => numbersOfRow(fragment, facet, column))
  return (rows, cells) => {
    const picked: number[] = []
    const values: number[] = []
    for (let i = 0; i < rows.length; i++) for (const read of readers) for (const value of read(rows[i]!)) {
      picked.push(cells[i]!)
      values.push(value)
    }
    return { cells: Uint32Array.from(picked), values: Float64Array.from(values) }
  }
}

function pickFromNumbers({ values, present }: NumberColumn, rows: Uint32Array, cells: Uint32Array): CellNumbers {
  const pickedCells = new Uint32Array(rows.length)
  const picked = new Float64Array(rows.length)
  let count = 0
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    const value = values[row]!
    if ((present !== undefined && present[row] === 0) || !(value - value === 0)) continue
    pickedCells[count] = cells[i]!
    picked[count++] = value
  }
  return { cells: pickedCells.subarray(0, count), values: picked.subarray(0, count) }
}

function numbersOfRow(fragment: FragmentReader, facet: Facet, column: Column): (row: number) => readonly number[] {
  const numbersIn = (type: 'string' | 'json' | 'numeral', text: string): readonly number[] =>
    valuesOfString(facet, type, text).flatMap((element) => (element.type === 'literal' ? NO_NUMBERS : finite(numberOf(element.text))))
  switch (column.layout) {
    case 'number':
      return (row) => (column.present?.[row] === 0 ? NO_NUMBERS : finite(column.values[row]!))
    case 'dictionary': {
      const lists = [NO_NUMBERS, ...fragment.textsOf(column.dictionary).map((text) => numbersIn(column.type, text))]
      return (row) => lists[column.codes[row]!]!
    }
    case 'text':
      return (row) => (column.present?.[row] === 0 ? NO_NUMBERS : numbersIn(column.type, stringAt(column.strings, row)))
    case 'literal':
      return () => NO_NUMBERS
  }
}

const NO_NUMBERS: readonly number[] = []

function finite(value: number): readonly number[] {
  return Number.isFinite(value) ? [value] : NO_NUMBERS
}
