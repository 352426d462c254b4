// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import { zstdCompressSync } from 'node:zlib'
import { ByteWriter } from './bytes.ts'
import { packTemplates, type PackedTemplates } from './pack-templates.ts'
import { ZSTD_OPTIONS } from './streams.ts'
import type { Strings, Table, TextColumn } from './table.ts'
import { tokenise, type Tokens } from './tokens.ts'

/** Streams of a text column as it stands: presence when some row has no value, then a block per {@link TEXT_BLOCK_ROWS} rows. */
export function packText(column: TextColumn, rows: number, valueCount: number): readonly Uint8Array[] {
  const streams: Uint8Array[] = []
  if (valueCount < rows && column.present !== undefined) streams.push(column.present.subarray(0, rows))
  for (let start = 0; start < rows; start += TEXT_BLOCK_ROWS) {
    const block = new ByteWriter(64 * 1024)
    writeStrings(block, column.strings, start, Math.min(rows, start + TEXT_BLOCK_ROWS))
    streams.push(block.finish())
  }
  return streams
}

/** The tokens of a column of the table, and its streams as templates; undefined when a sample packs better as it stands. */
export function packAsTemplates({ strings, present }: TextColumn, { rows, columns }: Table): (PackedTemplates & { readonly tokens: Tokens }) | undefined {
  const sampleRows = Math.min(rows, SAMPLE_ROWS)
  const sampleTokens = tokenise(strings, sampleRows, present)
  const sample = packTemplates(strings, sampleTokens, columns)
  const block = new ByteWriter(64 * 1024)
  writeStrings(block, strings, 0, sampleRows)
  const templatesBytes = sample.streams.reduce((sum, stream) => sum + packedBytes(stream), 0)
  if (templatesBytes >= packedBytes(block.finish())) return undefined
  if (sampleRows === rows) return { ...sample, tokens: sampleTokens }
  const tokens = tokenise(strings, rows, present)
  return { ...packTemplates(strings, tokens, columns), tokens }
}

/** Layout: a u32 length per entry, then the bytes back to back. */
export function writeStrings(writer: ByteWriter, strings: Strings, start: number, end: number): void {
  const lengths = new Uint32Array(end - start)
  for (let i = start; i < end; i++) lengths[i - start] = strings.offsets[i + 1]! - strings.offsets[i]!
  writer.raw(new Uint8Array(lengths.buffer))
  writer.raw(strings.bytes.subarray(strings.offsets[start], strings.offsets[end]))
}

/** Rows of one block of a text column: small enough to render one row cheaply, large enough to pack well. */
export const TEXT_BLOCK_ROWS = 8192
/** Enough to meet the templates of most logs, and a sixteenth of the cost of trying the whole. */
const SAMPLE_ROWS = 4096
/** What the footer tells of a stream. */
const REFERENCE_BYTES = 17

function packedBytes(stream: Uint8Array): number {
  return REFERENCE_BYTES + (stream.length === 0 ? 0 : Math.min(stream.length, zstdCompressSync(stream, ZSTD_OPTIONS.sealed).length))
}
