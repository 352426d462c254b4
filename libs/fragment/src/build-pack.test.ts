import fc from 'fast-check'
import { buildPack, type PackSource } from './build-pack.ts'
import { encodeFragment } from './encode-fragment.ts'
import { messageWords } from './message-words.ts'
import { rowsOf, tableOf, type PlainRow } from './plain-rows.ts'
import { decodeFragment } from './read-fragment.ts'
import { tokenise } from './tokens.ts'
import { wordsOf } from './words.ts'

describe('building a pack', () => {
  it('merges by tenant, kind and day, and tells where each fragment stands', () => {
    const day = 86_400_000_000_000n
    const { bytes, directory, unreadable } = buildPack({
      purpose: 'fresh',
      inputs: [source('a', 0n, ['one'], 0), source('b', 0n, ['two'], 1), source('a', day, ['three'], 2), source('a', 0n, ['four', 'five'], 3), { ...source('a', 0n, ['span'], 4), kind: 'span' }],
    })
    expect(unreadable).toEqual([])
    expect(directory.map(({ tenantId, kind, dayNs, start, end }) => ({ tenantId, kind, dayNs, messages: messagesOf(bytes.subarray(start, end)) }))).toEqual([
      { tenantId: 'a', kind: 'log', dayNs: 0n, messages: ['one', 'four', 'five'] },
      { tenantId: 'b', kind: 'log', dayNs: 0n, messages: ['two'] },
      { tenantId: 'a', kind: 'log', dayNs: day, messages: ['three'] },
      { tenantId: 'a', kind: 'span', dayNs: 0n, messages: ['span'] },
    ])
  })

  it('stamps origins and leaves out what a repeated request brought', () => {
    const { bytes, directory } = buildPack({ purpose: 'fresh', inputs: [{ ...source('a', 0n, ['x', 'y', 'z'], 7), dropRows: [{ firstRow: 1, rows: 1 }] }] })
    expect(directory).toHaveLength(1)
    expect(rowsOf(decodeFragment(bytes)).map(({ values }) => [values.get('message'), values.get('_stream'), values.get('_offset'), values.get('_row')])).toEqual([['x', 'g1/0', 7, 0], ['z', 'g1/0', 7, 2]])
  })

  it('names damaged inputs and keeps the others whole', () => {
    const damagedFooter = new Uint8Array(source('a', 0n, ['lost'], 1).bytes)
    damagedFooter[damagedFooter.length - 20]! ^= 1
    const damagedStream = new Uint8Array(source('a', 0n, ['lost too'], 2).bytes)
    damagedStream[8]! ^= 1
    const inputs = [source('a', 0n, ['kept'], 0), { ...source('a', 0n, ['x'], 1), bytes: damagedStream }, { ...source('a', 0n, ['x'], 2), bytes: damagedFooter }, source('a', 0n, ['kept too'], 3)]
    const { bytes, unreadable } = buildPack({ purpose: 'fresh', inputs })
    expect(unreadable.map(({ index }) => index)).toEqual([1, 2])
    expect(messagesOf(bytes)).toEqual(['kept', 'kept too'])
  })

  it('is empty when no row is left', () => {
    expect(buildPack({ purpose: 'sealed', inputs: [{ ...source('a', 0n, ['x'], 0), dropRows: [{ firstRow: 0, rows: 1 }] }] })).toMatchObject({ directory: [], words: [], bytes: { length: 0 } })
  })

  it('lists the words of sealed messages per directory entry', () => {
    const { directory, words } = buildPack({ purpose: 'sealed', inputs: [source('a', 0n, ['User LOGGED in', 'user logged-out'], 0), source('b', 0n, ['Été'], 1)] })
    expect(directory.map(({ tenantId }) => tenantId)).toEqual(['a', 'b'])
    expect(words.map((list) => [...(list ?? [])].sort())).toEqual([['in', 'logged', 'out', 'user'], ['été']])
  })
})

describe('the words of messages', () => {
  const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 30 }), fc.string({ maxLength: 30 }), fc.constantFrom('ΑΣ.Β ΟΔΟΣ', '\u212Aelvin K', 'İstanbul', 'a', 'A', ''))

  it('are those without a digit of every text, whatever the layout', () => {
    fc.assert(fc.property(fc.array(text, { minLength: 1, maxLength: 20 }), fc.boolean(), (texts, asText) => {
      const table = tableOf(texts.map((message, timeOffset) => ({ timeOffset, values: new Map([['message', message]]) })), { asText })
      // Through bytes and back, as lone surrogates have no UTF-8.
      const expected = new Set(texts.flatMap((message) => wordsOf(Buffer.from(message, 'utf8').toString('utf8'))).filter((word) => !/\d/.test(word)))
      expect([...(messageWords(table, 1000) ?? [])].sort()).toEqual([...expected].sort())
    }))
  })

  it('are the same by way of templates', () => {
    const piece = fc.oneof(text, fc.nat().map(String), fc.stringMatching(/^[0-9a-f]{6,12}$/), fc.uuid(), fc.constantFrom(' ', '-', '.', 'deadbeef', 'abcdefab-cafe-babe-dead-abcdefabcdef', 'u12', '12ms', '1.5ms', 'a1b', '10.0.0.1x', 'took', 'K', 'É', 'Σ', '\u0000', '7\u212A'))
    const pieces = fc.array(piece, { maxLength: 6 }).map((all) => all.join(''))
    fc.assert(fc.property(fc.array(pieces, { minLength: 1, maxLength: 20 }), (texts) => {
      const table = tableOf(texts.map((message, timeOffset) => ({ timeOffset, values: new Map([['message', message]]) })), { asText: true })
      const tokensOf = new Map(table.columns.flatMap((column) => (column.layout === 'text' ? [[column, tokenise(column.strings, table.rows, column.present)] as const] : [])))
      expect(tokensOf.size).toBe(1)
      expect([...(messageWords(table, 1000, tokensOf) ?? [])].sort()).toEqual([...(messageWords(table, 1000) ?? [])].sort())
    }), { numRuns: 1000 })
  })

  it('are not listed when there are more than asked for', () => {
    const table = tableOf([{ timeOffset: 0, values: new Map([['message', 'a b c A']]) }])
    expect(messageWords(table, 3)).toHaveLength(3)
    expect(messageWords(table, 2)).toBeUndefined()
  })
})

function source(tenantId: string, dayNs: bigint, messages: readonly string[], offset: number): PackSource {
  const rows = messages.map((message, timeOffset): PlainRow => ({ timeOffset, values: new Map([['message', message]]) }))
  return { tenantId, kind: 'log', bytes: encodeFragment(tableOf(rows, { dayNs })), origin: { stream: 'g1/0', offset } }
}

function messagesOf(bytes: Uint8Array): unknown[] {
  return rowsOf(decodeFragment(bytes)).map(({ values }) => values.get('message'))
}
