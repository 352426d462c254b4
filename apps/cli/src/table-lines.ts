import { printable } from './printable.ts'

/** Lines of a table: a head, then the rows, in columns as wide as their widest cell. Cells are made safe for a terminal. */
export function tableLines(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const lines = [head, ...rows].map((row) => row.map(printable))
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines.map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd())
}
