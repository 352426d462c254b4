import { hashOfKey } from '@millrace/access/hash-of-key'
import { decodeDeadLetter, encodeDeadLetter } from '@millrace/bus/dead-letter'
import { deadLetterCursorText, parseDeadLetterCursor } from '@millrace/bus/dead-letter-cursor'
import { parseReceipt, receiptText } from '@millrace/bus/receipt'
import { decodeDirectory, encodeDirectory } from '@millrace/catalog/directory-codec'
import { decodeRequests, encodeRequests } from '@millrace/catalog/requests-codec'
import { NS_PER_DAY } from '@millrace/event/event'
import type { BatchRecord } from '@millrace/fragment/batch-record'
import { decodeBatchRecord, encodeBatchRecord, RECORD_VERSION } from '@millrace/fragment/batch-record-codec'
import { encodeFragment, FORMAT_VERSION, LAYOUT_CODES, TYPE_CODES } from '@millrace/fragment/encode-fragment'
import { mergeTables } from '@millrace/fragment/merge-tables'
import { tableAsJson } from '@millrace/fragment/plain-rows'
import { decodeFragment } from '@millrace/fragment/read-fragment'
import { sampleTable } from '@millrace/fragment/sample-table'
import { STREAM_CODECS } from '@millrace/fragment/streams'
import { cursorText, parseCursor } from '@millrace/query/cursor'

/** What one process writes and another one reads, perhaps of another version. */
export interface Format {
  readonly name: string
  /** What is written now; everything that it may hold. Compared as text. */
  readonly writes: string
  /** What is read now: what was ever written, and perhaps what a later version is going to write. */
  readonly reads: readonly string[]
  /** Whether equal values are always written as equal bytes. Not what is packed: packers get better, and readers need not mind. */
  readonly isExact: boolean
  /** A value of it that has every part, as bytes. */
  encode(): Uint8Array
  /** What is read of it, as JSON. */
  decode(bytes: Uint8Array): unknown
}

const SECRET = 'secret-of-the-sample'
const SOME_BYTES = Uint8Array.from({ length: 40 }, (_, i) => (i * 37) % 256)

/**
 * Raising what is written: first let it be read, as one more entry of `reads`, and release that; then, one release later, write it. The test holds the second step against the files of the
 * release before.
 */
export const FORMATS: readonly Format[] = [
  fragmentFormat('fresh'),
  fragmentFormat('sealed'),
  recordFormat('batch-record', false),
  recordFormat('routed-record', true),
  {
    name: 'commit-directory', writes: '1', reads: ['1'], isExact: true,
    encode: () => encodeDirectory([
      { tenantId: 'acme', kind: 'log', dayNs: 20_000n * NS_PER_DAY, rows: 3, minTimeOffset: 0.5, maxTimeOffset: 86_399_999_999_999, start: 0, end: 4_000_000_000 },
      { tenantId: 'a', kind: 'dead-letter', dayNs: -NS_PER_DAY, rows: 1, minTimeOffset: 1, maxTimeOffset: 1, start: 7, end: 9 },
    ]),
    decode: (bytes) => plain(decodeDirectory(Buffer.from(bytes))),
  },
  {
    name: 'request-ids', writes: '1', reads: ['1'], isExact: true,
    encode: () => encodeRequests([{ tenantId: 'acme', id: '00112233445566778899aabbccddeeff', part: 2, expiresMs: 1_700_000_000_000.5 }, { tenantId: 'b', id: 'f'.repeat(32), part: 0, expiresMs: 1 }]),
    decode: (bytes) => plain(decodeRequests(Buffer.from(bytes))),
  },
  {
    name: 'dead-letter', writes: '1', reads: ['1'], isExact: true,
    encode: () => encodeDeadLetter({ topic: 'batches-g1', partition: 3, offset: 121, reason: 'not a batch record of a known version' }, SOME_BYTES),
    decode: (bytes) => plain(decodeDeadLetter(bytes)),
  },
  {
    name: 'receipt', writes: '1', reads: ['1'], isExact: true,
    encode: () => Buffer.from(receiptText(SECRET, 'acme', { generation: 'g1', places: [{ partition: 0, offset: 17 }, { partition: 12, offset: 4_000_000 }] })),
    decode: (bytes) => plain(parseReceipt(SECRET, 'acme', Buffer.from(bytes).toString())),
  },
  {
    name: 'cursor', writes: 'v1', reads: ['v1'], isExact: true,
    encode: () => Buffer.from(cursorText({ fromNs: 1n, toNs: 1_700_000_000_000_000_000n, timestampNs: 1_600_000_000_000_000_001n, id: { generation: 'g1', partition: 0, offset: 7, row: 3 } }, 'service:web')),
    decode: (bytes) => plain(parseCursor(Buffer.from(bytes).toString(), 'service:web')),
  },
  {
    name: 'dead-letter-cursor', writes: '1', reads: ['1'], isExact: true,
    encode: () => Buffer.from(deadLetterCursorText({ order: 'newest', offsets: new Map([[0, 17], [3, 4]]) })),
    decode: (bytes) => plain(parseDeadLetterCursor(Buffer.from(bytes).toString())),
  },
  // Another hash would lock out every key and every session.
  { name: 'key-hash', writes: 'sha-256', reads: ['sha-256'], isExact: true, encode: () => Buffer.from(hashOfKey('some-key')), decode: (bytes) => Buffer.from(bytes).toString() },
]

/** Its codes are part of what a reader knows: a new layout under the old version would be as unreadable as a new version. */
function fragmentFormat(purpose: 'fresh' | 'sealed'): Format {
  const codes = [TYPE_CODES, LAYOUT_CODES, STREAM_CODECS].map((table) => Object.keys(table).sort().join(' ')).join(', ')
  return {
    name: `fragment-${purpose}`, writes: `${FORMAT_VERSION}: ${codes}`, reads: [`${FORMAT_VERSION}: ${codes}`], isExact: false,
    encode: () => encodeFragment(mergeTables([{ table: sampleTable(60), origin: { stream: 'g1/0', offset: 7 } }]), { purpose }),
    decode: (bytes) => tableAsJson(decodeFragment(bytes)),
  }
}

function recordFormat(name: string, isRouted: boolean): Format {
  const record: BatchRecord = {
    tenantId: 'acme', receivedMs: 1_700_000_000_000, sourceOffset: isRouted ? 41 : undefined,
    requests: (['append', 'retry', 'keyed'] as const).map((window, part) => ({ id: SOME_BYTES.subarray(part, part + 16), part, firstRow: part * 2, rows: 2, window })),
    fragments: [{ kind: 'log', dayNs: 20_000n * NS_PER_DAY, rows: 6, bytes: SOME_BYTES, ...(isRouted ? { retentionDays: 3 } : {}) }],
    traces: [SOME_BYTES.subarray(0, 24)],
  }
  return { name, writes: String(RECORD_VERSION), reads: [String(RECORD_VERSION)], isExact: true, encode: () => encodeBatchRecord(record), decode: (bytes) => plain(decodeBatchRecord(bytes)) }
}

/** As JSON can hold it: bytes in hex, big integers as text, maps as lists. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex')
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Map) return plain([...value])
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined).map(([name, part]) => [name, plain(part)]))
}
