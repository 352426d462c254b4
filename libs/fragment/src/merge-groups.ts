import type { Table } from './table.ts'

/**
 * Splits what is to be merged into runs whose merge stays in bounds. Merging multiplies: the result has every row of every
 * table under every name of any table, so many tables with names of their own would grow without end.
 *
 * @param inputs of one day, in the order in which they shall be merged.
 */
export function groupForMerge<T extends { readonly table: Table }>(inputs: readonly T[], maxRows: number): readonly (readonly T[])[] {
  const groups: T[][] = []
  let names = new Set<string>()
  let rows = 0
  for (const input of inputs) {
    const group = groups.at(-1)
    const added = input.table.columns.filter(({ name, type }) => !names.has(`${type} ${name}`)).length
    const isFull = rows + input.table.rows > maxRows || (rows + input.table.rows) * (names.size + added) > MAX_MERGE_CELLS
    if (group === undefined || isFull || group.length === MAX_MERGE_INPUTS) {
      groups.push([input])
      names = new Set()
      rows = 0
    } else group.push(input)
    for (const { name, type } of input.table.columns) names.add(`${type} ${name}`)
    rows += input.table.rows
  }
  return groups
}

/** Rows times columns of one merge's result: 64 MiB of 8-byte values. A full fragment may have 128 columns before it is cut shorter. */
export const MAX_MERGE_CELLS = 8 * 1024 * 1024
/** Inputs are numbered by 16 bits. */
const MAX_MERGE_INPUTS = 65_535
