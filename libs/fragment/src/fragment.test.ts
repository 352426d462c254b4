import fc from 'fast-check'
import { MAX_RECORD_TRACES, TRACE_POINT_BYTES } from './batch-record.ts'
import { decodeBatchRecord, encodeBatchRecord, withSourceOffset } from './batch-record-codec.ts'
import { encodeFragment } from './encode-fragment.ts'
import { FragmentCorruptError } from './fragment.ts'
import { mergeTables, splitTable } from './merge-tables.ts'
import { encodePack } from './pack-codec.ts'
import { decodeFragment, openFragment, openFragmentBytes } from './read-fragment.ts'
import { rowsOf, tableOf, valueAt, type PlainRow } from './plain-rows.ts'
import { sampleTable } from './sample-table.ts'
import { wordsOf } from './words.ts'

const value = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('info', 'error', ''),
  fc.double(),
  fc.integer(),
  fc.constantFrom(0.25, 16.85, -0, 1e21, NaN, Infinity, 9007199254740991),
  fc.constantFrom(true, false, null),
  fc.record({ json: fc.json({ maxDepth: 2 }) }),
  fc.record({ numeral: fc.bigInt().map(String) }),
)
const row: fc.Arbitrary<PlainRow> = fc.record({
  timeOffset: fc.integer({ min: 0, max: 86_399_999_999_999 }),
  values: fc.dictionary(fc.constantFrom('message', '@a', '@a.b', '@__proto__', '@é'), value, { noNullPrototype: false }).map((entries) => new Map(Object.entries(entries))),
})
const rows = fc.array(row, { minLength: 1, maxLength: 40 })

describe('a fragment', () => {
  it('gives back every value of every type', () => {
    fc.assert(fc.property(rows, fc.boolean(), fc.constantFrom('fresh' as const, 'sealed' as const), (plain, asText, purpose) => {
      expect(rowsOf(decodeFragment(encodeFragment(tableOf(plain, { asText }), { purpose })))).toEqual(plain)
    }))
  })

  it('reads chosen columns by ranges and nothing else', async () => {
    const plain = Array.from({ length: 20_000 }, (_, i): PlainRow => ({ timeOffset: i, values: new Map<string, string | number>([['message', `line ${i} of many, id=${(i * 7919).toString(16)}`], ['@n', i / 4]]) }))
    const bytes = encodeFragment(tableOf(plain, { asText: true }))
    let read = 0
    const fragment = await openFragment((start, end) => {
      read += end - start
      return Promise.resolve(bytes.subarray(start, end))
    }, bytes.length)
    const [column] = await fragment.readColumns(({ name }) => name === '@n')
    expect(column?.layout === 'number' && column.values[19_999]).toBe(19_999 / 4)
    expect(fragment.header.columns.find(({ name }) => name === '@n')).toMatchObject({ min: 0, max: 19_999 / 4, valueCount: 20_000 })
    expect(read).toBeLessThan(bytes.length / 2)
  })

  it('counts rows per dictionary entry without reading codes', async () => {
    const plain = Array.from({ length: 100 }, (_, i): PlainRow => ({ timeOffset: i, values: new Map([['status', i % 4 === 0 ? 'error' : 'info']]) }))
    const dictionary = await openFragmentBytes(encodeFragment(tableOf(plain))).readDictionary('status', 'string')
    expect(Object.fromEntries(dictionary?.entries.map((entry, i) => [entry, dictionary.counts[i]]) ?? [])).toEqual({ error: 25, info: 75 })
  })

  it('never denies a word or a value that it holds, and denies most that it does not', async () => {
    const plain = Array.from({ length: 4000 }, (_, i): PlainRow => ({ timeOffset: i, values: new Map([['message', `Request-${i} refused by été`]]) }))
    const fragment = openFragmentBytes(encodeFragment(tableOf(plain, { asText: true }), { purpose: 'sealed' }))
    for (const word of ['request', '17', 'refused', 'été']) expect(await fragment.mightContainWord('message', word)).toBe(true)
    expect(await fragment.mightContainValue('message', 'Request-9 refused by été')).toBe(true)
    let maybe = 0
    for (let i = 0; i < 200; i++) if (await fragment.mightContainWord('message', `absent${i}`)) maybe++
    expect(maybe).toBeLessThan(20)
  })

  it('never denies a word or a value of any text', async () => {
    const piece = fc.oneof(fc.string({ unit: 'binary', maxLength: 6 }), fc.nat().map(String), fc.uuid(), fc.stringMatching(/^[0-9a-fA-F]{6,20}$/), fc.constantFrom('\u212Aelvin', '12\u212A', '\ufffd', 'user', ' ', '-', '.', 'u0012', '12ms', '1.5', '10.0.0.1', 'GET'))
    const text = fc.array(piece, { maxLength: 5 }).map((pieces) => Buffer.from(pieces.join(''), 'utf8').toString('utf8'))
    await fc.assert(fc.asyncProperty(fc.array(text, { minLength: 20, maxLength: 60 }), fc.boolean(), async (texts, asOneTemplate) => {
      const messages = Array.from({ length: 2100 }, (_, i) => (asOneTemplate ? `request ${i} of ${texts[i % texts.length]} took ${i / 8} ms` : `${texts[i % texts.length]}${i < texts.length ? '' : ` ${i}`}`))
      const fragment = openFragmentBytes(encodeFragment(tableOf(messages.map((message, i) => ({ timeOffset: i, values: new Map([['message', message]]) })), { asText: true }), { purpose: 'sealed' }))
      for (const message of messages.slice(0, 100)) {
        expect(await fragment.mightContainValue('message', message)).toBe(true)
        for (const word of wordsOf(message)) expect(await fragment.mightContainWord('message', word)).toBe(true)
      }
    }), { numRuns: 8 })
  })

  it('denies most values that are short numbers, which have no words in the filter', async () => {
    const plain = Array.from({ length: 4000 }, (_, i): PlainRow => ({ timeOffset: i, values: new Map([['@order', String(i)]]) }))
    const fragment = openFragmentBytes(encodeFragment(tableOf(plain, { asText: true }), { purpose: 'sealed' }))
    expect(await fragment.mightContainValue('@order', '3999')).toBe(true)
    let maybe = 0
    for (let i = 0; i < 200; i++) if (await fragment.mightContainValue('@order', String(10_000 + i))) maybe++
    expect(maybe).toBeLessThan(20)
  })

  it.each(['fresh', 'sealed'] as const)('makes the texts of a few rows alone (%s)', async (purpose) => {
    const plain = Array.from({ length: 20_000 }, (_, i): PlainRow => ({ timeOffset: i, values: new Map(i % 3 === 0 ? [] : [['message', `line ${i} of many, id=${(i * 7919).toString(16).padStart(8, '0')}`]]) }))
    const bytes = encodeFragment(tableOf(plain, { asText: true }), { purpose })
    let read = 0
    const fragment = await openFragment((start, end) => {
      read += end - start
      return Promise.resolve(bytes.subarray(start, end))
    }, bytes.length)
    const wanted = Uint32Array.of(19_999, 16_400, 16_401, 16_386)
    const column = await fragment.readTextRows('message', 'string', wanted)
    expect([...wanted.keys()].map((index) => (column === undefined ? undefined : valueAt(column, index)))).toEqual([...wanted].map((row) => plain[row]!.values.get('message')))
    expect(await fragment.readTextRows('absent', 'string', wanted)).toBeUndefined()
    if (purpose === 'fresh') expect(read).toBeLessThan(bytes.length * 0.8)
  })

  it('is much smaller when its texts share templates', () => {
    const table = sampleTable(4096)
    expect(encodeFragment(table, { purpose: 'sealed' }).length).toBeLessThan(encodeFragment(table, { purpose: 'fresh' }).length * 0.8)
    expect(rowsOf(decodeFragment(encodeFragment(table, { purpose: 'sealed' })))).toEqual(rowsOf(table))
  })

  it('is refused whole after any flipped bit or cut', () => {
    const plain: PlainRow[] = Array.from({ length: 30 }, (_, i) => ({ timeOffset: i * 1e6, values: new Map<string, string | number | null>([['message', `m${i}`], ['@n', i], ['@x', null]]) }))
    const bytes = encodeFragment(tableOf(plain))
    for (let at = 0; at < bytes.length; at++) {
      const damaged = new Uint8Array(bytes)
      damaged[at]! ^= 1 << (at % 8)
      expect(() => decodeFragment(damaged)).toThrow(FragmentCorruptError)
      expect(() => decodeFragment(bytes.subarray(0, at))).toThrow(FragmentCorruptError)
    }
  })

  it('is refused whole after a flipped bit in its templates and values', () => {
    const bytes = encodeFragment(sampleTable(300), { purpose: 'sealed' })
    for (let at = 0; at < bytes.length; at += 31) {
      const damaged = new Uint8Array(bytes)
      damaged[at]! ^= 1 << (at % 8)
      expect(() => decodeFragment(damaged)).toThrow(FragmentCorruptError)
    }
  })
})

describe('merging', () => {
  it('keeps each row once, in the order of events', () => {
    fc.assert(fc.property(fc.array(rows, { minLength: 1, maxLength: 4 }), (groups) => {
      const merged = mergeTables(groups.map((plain, index) => ({ table: tableOf(plain), origin: { stream: 'g1/0', offset: index } })))
      const expected = groups
        .flatMap((plain, offset) => plain.map(({ timeOffset, values }, index) => ({ timeOffset, offset, index, values })))
        .sort((a, b) => a.timeOffset - b.timeOffset || a.offset - b.offset || a.index - b.index)
        .map(({ timeOffset, offset, values }) => ({ timeOffset, values: new Map([...values, ['_stream', 'g1/0'], ['_offset', offset]]) }))
      expect(rowsOf(merged).map(withoutRowNumber)).toEqual(expected)
    }))
  })

  it('does not depend on how inputs are grouped', () => {
    fc.assert(fc.property(rows, rows, rows, (a, b, c) => {
      const [x, y, z] = [a, b, c].map((plain, offset) => ({ table: tableOf(plain), origin: { stream: 'g1/0', offset } }))
      const left = mergeTables([{ table: mergeTables([x!, y!]) }, z!])
      const right = mergeTables([x!, { table: mergeTables([y!, z!]) }])
      expect(rowsOf(left)).toEqual(rowsOf(right))
    }))
  })

  it('gives the same from decoded fragments as from the tables they were made of', () => {
    const tables = [sampleTable(700), sampleTable(300, 700), sampleTable(50, 500)]
    const merged = mergeTables(tables.map((table, offset) => ({ table, origin: { stream: 'g1/0', offset } })))
    const decoded = mergeTables(tables.map((table, offset) => ({ table: decodeFragment(encodeFragment(table, { purpose: offset === 0 ? 'sealed' : 'fresh' })), origin: { stream: 'g1/0', offset } })))
    expect(rowsOf(decoded)).toEqual(rowsOf(merged))
    expect(rowsOf(decodeFragment(encodeFragment(decoded, { purpose: 'sealed' })))).toEqual(rowsOf(merged))
  })

  it('leaves out the rows of a dropped request', () => {
    const plain: PlainRow[] = Array.from({ length: 10 }, (_, i) => ({ timeOffset: i, values: new Map([['@n', i]]) }))
    const merged = mergeTables([{ table: tableOf(plain), dropRows: [{ firstRow: 2, rows: 3 }, { firstRow: 9, rows: 1 }] }])
    expect(rowsOf(merged).map(({ values }) => values.get('@n'))).toEqual([0, 1, 5, 6, 7, 8])
  })

  it('leaves out any number of ranges, in any order and overlapping', () => {
    fc.assert(fc.property(fc.array(fc.record({ firstRow: fc.nat(60), rows: fc.nat(5) }), { maxLength: 30 }), (dropRows) => {
      const plain: PlainRow[] = Array.from({ length: 60 }, (_, i) => ({ timeOffset: (i * 7) % 60, values: new Map([['@n', i]]) }))
      const kept = rowsOf(mergeTables([{ table: tableOf(plain), dropRows }])).map(({ values }) => values.get('@n'))
      const expected = plain.map((_, i) => i).filter((i) => !dropRows.some(({ firstRow, rows }) => i >= firstRow && i < firstRow + rows))
      expect(kept.sort((a, b) => Number(a) - Number(b))).toEqual(expected)
    }))
  })

  it('splits in order without losing a row', () => {
    const plain: PlainRow[] = Array.from({ length: 25 }, (_, i) => ({ timeOffset: i, values: new Map([['@n', i]]) }))
    const pieces = splitTable(tableOf(plain), 10)
    expect(pieces.map((piece) => piece.rows)).toEqual([10, 10, 5])
    expect(pieces.flatMap((piece) => rowsOf(piece)).map(withoutRowNumber)).toEqual(plain)
  })
})

describe('a batch record', () => {
  const table = tableOf([{ timeOffset: 5, values: new Map([['message', 'hello']]) }])
  const record = {
    tenantId: 'acme', receivedMs: 1_790_000_000_123, sourceOffset: undefined,
    requests: [{ id: Uint8Array.from({ length: 16 }, (_, i) => i), part: 2, firstRow: 0, rows: 1, window: 'keyed' as const }],
    fragments: [{ kind: 'log' as const, dayNs: 0n, rows: 1, bytes: encodeFragment(table) }],
  }

  it('gives back what was encoded, and takes a source offset without a new encoding', () => {
    const stamped = decodeBatchRecord(withSourceOffset(encodeBatchRecord(record), 77))
    expect(stamped).toMatchObject({ tenantId: 'acme', receivedMs: record.receivedMs, sourceOffset: 77 })
    expect(stamped.requests.map(({ id, ...rest }) => ({ ...rest, id: [...id] }))).toEqual([{ id: [...record.requests[0]!.id], part: 2, firstRow: 0, rows: 1, window: 'keyed' }])
    expect(rowsOf(decodeFragment(stamped.fragments[0]!.bytes))).toEqual(rowsOf(table))
  })

  it('carries how long fragments are kept, with traces and without', () => {
    const bytes = new Uint8Array([1, 2])
    const fragments = [{ kind: 'log', dayNs: 0n, rows: 1, bytes }, { kind: 'log', dayNs: 0n, rows: 1, bytes, retentionDays: 3 }, { kind: 'log', dayNs: 0n, rows: 1, bytes, retentionDays: 400 }] as const
    for (const traces of [[], [new Uint8Array(TRACE_POINT_BYTES)]]) {
      const kept = { tenantId: 't', receivedMs: 1, sourceOffset: 2, requests: [], fragments, ...(traces.length === 0 ? {} : { traces }) }
      expect(decodeBatchRecord(encodeBatchRecord(kept))).toEqual(kept)
    }
  })

  it('carries the traces of its requests through the router, and not a byte where there are none', () => {
    const points = fc.array(fc.uint8Array({ minLength: TRACE_POINT_BYTES, maxLength: TRACE_POINT_BYTES }), { minLength: 1, maxLength: MAX_RECORD_TRACES })
    const bare = encodeBatchRecord(record)
    expect('traces' in decodeBatchRecord(bare)).toBe(false)
    expect(encodeBatchRecord({ ...record, traces: [] })).toEqual(bare)
    fc.assert(fc.property(points, fc.nat(), (traces, sourceOffset) => {
      const bytes = encodeBatchRecord({ ...record, traces })
      expect(bytes.length).toBe(bare.length + 1 + traces.length * TRACE_POINT_BYTES)
      const decoded = decodeBatchRecord(withSourceOffset(bytes, sourceOffset))
      expect(decoded.traces?.map((trace) => [...trace])).toEqual(traces.map((trace) => [...trace]))
      expect(decoded).toMatchObject({ ...decodeBatchRecord(bare), sourceOffset })
      expect(encodeBatchRecord(decoded)).toEqual(withSourceOffset(bytes, sourceOffset))
    }))
  })

  it('is refused after any flipped bit of its payload', () => {
    const bytes = encodeBatchRecord({ ...record, traces: [new Uint8Array(TRACE_POINT_BYTES)] })
    for (let at = 9; at < bytes.length; at++) {
      const damaged = new Uint8Array(bytes)
      damaged[at]! ^= 4
      expect(() => decodeBatchRecord(damaged)).toThrow(FragmentCorruptError)
    }
  })
})

describe('a pack', () => {
  it('tells where each fragment stands', () => {
    const tables = [0, 1].map((i) => tableOf([{ timeOffset: 10 + i, values: new Map([['@n', i]]) }]))
    const { bytes, directory } = encodePack(tables.map((table, i) => ({ tenantId: `t${i}`, kind: 'log', table, bytes: encodeFragment(table) })))
    for (const [i, { start, end, minTimeOffset }] of directory.entries()) {
      expect(rowsOf(decodeFragment(bytes.subarray(start, end)))).toEqual(rowsOf(tables[i]!))
      expect(minTimeOffset).toBe(10 + i)
    }
  })
})

function withoutRowNumber({ timeOffset, values }: PlainRow): PlainRow {
  return { timeOffset, values: new Map([...values].filter(([name]) => name !== '_row')) }
}
