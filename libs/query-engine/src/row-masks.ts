// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import type { DictionaryColumn } from '@millrace/fragment/table'

/** Clears rows whose code's entry is not in `entries`. @param entries per code (0 = no value) 1 or 0. */
export function narrowByCodes(codes: DictionaryColumn['codes'], entries: Uint8Array, start: number, mask: Uint8Array): void {
  if (codes instanceof Uint8Array) narrowByCodes8(codes, entries, start, mask)
  else if (codes instanceof Uint16Array) narrowByCodes16(codes, entries, start, mask)
  else narrowByCodes32(codes, entries, start, mask)
}

/** `values[codes[rows[i]]]` per i. */
export function gatherByCodes(codes: DictionaryColumn['codes'], values: Uint32Array, rows: Uint32Array): Uint32Array {
  if (codes instanceof Uint8Array) return gatherByCodes8(codes, values, rows)
  if (codes instanceof Uint16Array) return gatherByCodes16(codes, values, rows)
  return gatherByCodes32(codes, values, rows)
}

export function narrowByPresence(present: Uint8Array | undefined, start: number, mask: Uint8Array): void {
  if (present === undefined) return
  for (let i = 0; i < mask.length; i++) mask[i]! &= present[start + i]!
}

export function countRows(mask: Uint8Array): number {
  let count = 0
  for (let i = 0; i < mask.length; i++) count += mask[i]!
  return count
}

/** Numbers of the rows that are left. */
export function rowsOfMask(start: number, mask: Uint8Array): Uint32Array {
  const rows = new Uint32Array(countRows(mask))
  let next = 0
  for (let i = 0; i < mask.length; i++) if (mask[i] === 1) rows[next++] = start + i
  return rows
}

// One copy per type of array: a loop that sees one type only is compiled for it; one that sees three is several times slower.

function narrowByCodes8(codes: Uint8Array, entries: Uint8Array, start: number, mask: Uint8Array): void {
  for (let i = 0; i < mask.length; i++) mask[i]! &= entries[codes[start + i]!]!
}

function narrowByCodes16(codes: Uint16Array, entries: Uint8Array, start: number, mask: Uint8Array): void {
  for (let i = 0; i < mask.length; i++) mask[i]! &= entries[codes[start + i]!]!
}

function narrowByCodes32(codes: Uint32Array, entries: Uint8Array, start: number, mask: Uint8Array): void {
  for (let i = 0; i < mask.length; i++) mask[i]! &= entries[codes[start + i]!]!
}

function gatherByCodes8(codes: Uint8Array, values: Uint32Array, rows: Uint32Array): Uint32Array {
  const gathered = new Uint32Array(rows.length)
  for (let i = 0; i < rows.length; i++) gathered[i] = values[codes[rows[i]!]!]!
  return gathered
}

function gatherByCodes16(codes: Uint16Array, values: Uint32Array, rows: Uint32Array): Uint32Array {
  const gathered = new Uint32Array(rows.length)
  for (let i = 0; i < rows.length; i++) gathered[i] = values[codes[rows[i]!]!]!
  return gathered
}

function gatherByCodes32(codes: Uint32Array, values: Uint32Array, rows: Uint32Array): Uint32Array {
  const gathered = new Uint32Array(rows.length)
  for (let i = 0; i < rows.length; i++) gathered[i] = values[codes[rows[i]!]!]!
  return gathered
}
