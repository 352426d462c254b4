import type { Strings } from './table.ts'

/** Entry `index` as text. */
export function stringAt(strings: Strings, index: number): string {
  const start = strings.offsets[index]
  const end = strings.offsets[index + 1]
  if (start === undefined || end === undefined) throw new RangeError(`no entry ${index}`)
  return utf8Text(strings.bytes, start, end)
}

/** Packs texts. */
export function stringsFrom(texts: readonly string[]): Strings {
  const parts = texts.map((text) => Buffer.from(text, 'utf8'))
  const offsets = new Uint32Array(texts.length + 1)
  parts.forEach((part, index) => {
    offsets[index + 1] = (offsets[index] ?? 0) + part.length
  })
  return { offsets, bytes: Buffer.concat(parts) }
}

/** All entries as texts. */
export function textsOf(strings: Strings): string[] {
  return Array.from({ length: strings.offsets.length - 1 }, (_, index) => stringAt(strings, index))
}

/** UTF-8 bytes `[start, end)` as text. */
export function utf8Text(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8')
}
