import fc from 'fast-check'
import { wordHashes, type HashSet } from './bloom-filter.ts'
import { FragmentCorruptError } from './fragment.ts'
import { packTemplates } from './pack-templates.ts'
import { stringsFrom } from './strings.ts'
import { tableOf } from './plain-rows.ts'
import type { Column, Strings } from './table.ts'
import { tokenWordHashes } from './token-words.ts'
import { tokenise } from './tokens.ts'
import { TemplateColumn } from './unpack-templates.ts'

const number = fc.oneof(fc.integer({ min: 0, max: 100_000 }).map(String), fc.constantFrom('0', '00', '007', '0.5', '12.50', '1.', '.5', '1.2.3', '10.0.0.1', '256.1.1.1', '01.1.1.1', '1.1.1.1.1', '999999999999999', '9007199254740993', '123456789012345678901234567890', '00.5', '1.000000000000000', '-3', '1e9'))
const id = fc.oneof(fc.uuid(), fc.stringMatching(/^[0-9a-f]{8}$/), fc.stringMatching(/^[0-9A-F]{7}$/), fc.stringMatching(/^[0-9a-fA-F]{6,33}$/), fc.constantFrom('deadbeef', 'node012', '12ms', 'a1b2', 'u000001', 'x', 'été', '\u0000', '123e4567-E89b-12d3-a456-426614174000'))
const piece = fc.oneof(number, id, fc.constantFrom(' ', '-', '.', '/', 'took ', ' of ', 'ms'), fc.string({ maxLength: 4 }))
const text = fc.oneof(
  fc.array(piece, { maxLength: 6 }).map((pieces) => Buffer.from(pieces.join(''), 'utf8')),
  fc.tuple(number, id).map(([n, key]) => Buffer.from(`read ${n} rows of ${key}`, 'utf8')),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  fc.uint8Array({ maxLength: 3 }).map((bytes) => Buffer.from(bytes.map((byte) => 46 + (byte % 12)))),
)

describe('templates', () => {
  it('give back any bytes, also with rows that have none', () => {
    fc.assert(fc.property(fc.array(fc.option(text), { minLength: 1, maxLength: 60 }), (texts) => {
      const present = Uint8Array.from(texts, (bytes) => (bytes === null ? 0 : 1))
      const strings = stringsOfBytes(texts.map((bytes) => bytes ?? Buffer.alloc(0)))
      const column = roundTrip(strings, texts.length, present)
      expect(plain(column.texts())).toEqual(plain(strings))
      expect([...column.codes].map((code) => (code === 0 ? 0 : 1))).toEqual([...present])
    }), { numRuns: 500 })
  })

  it('have the words that the texts have', () => {
    fc.assert(fc.property(fc.array(text, { minLength: 1, maxLength: 30 }), (texts) => {
      const strings = stringsOfBytes(texts)
      const [expected, found] = [wordHashes(strings), tokenWordHashes(strings, tokenise(strings, texts.length))]
      expect(sorted(found?.hashes)).toEqual(sorted(expected?.hashes))
      if (found?.areCovered === true) expect(expected?.areCovered).toBe(true)
    }), { numRuns: 500 })
  })

  it('give back values of one kind', () => {
    for (const kind of [number, id, fc.ipV4(), fc.uuid(), fc.double({ min: 0, max: 1e6, noNaN: true }).map((value) => value.toFixed(2)), fc.nat().map((value) => String(value).padStart(6, '0'))]) {
      fc.assert(fc.property(fc.array(kind, { minLength: 1, maxLength: 30 }), (values) => {
        const strings = stringsFrom(values.map((value) => `took ${value} in all`))
        expect(plain(roundTrip(strings, values.length).texts())).toEqual(plain(strings))
      }))
    }
  })

  it('make the texts of wanted rows alone', () => {
    const strings = stringsFrom(Array.from({ length: 50 }, (_, i) => (i % 3 === 0 ? `took ${i} ms` : `user u${String(i).padStart(6, '0')} left`)))
    expect(plain(roundTrip(strings, 50).textRows(Uint32Array.of(30, 7, 30)))).toEqual(['took 30 ms', 'user u000007 left', 'took 30 ms'])
  })

  it('are refused, never misread into a crash, when their streams are damaged', () => {
    const strings = stringsFrom(Array.from({ length: 40 }, (_, i) => `GET /users/${i}/orders took ${i / 8} ms from 10.0.0.${i} id=${(i * 7919).toString(16).padStart(8, '0')} by a${i}b`))
    const columns = tableOf(Array.from({ length: 40 }, (_, i) => ({ timeOffset: i, values: new Map<string, number | string>([['@ms', i / 8], ['@by', i === 7 ? 'nobody' : `a${i}b`]]) }))).columns
    const { streams, references } = packTemplates(strings, tokenise(strings, 40), columns)
    expect(references.length).toBeGreaterThan(0)
    fc.assert(fc.property(fc.nat(streams.length - 1), fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean(), (index, at, flip, isCut) => {
      const damaged = streams.map((stream) => new Uint8Array(stream))
      const stream = damaged[index]!
      if (isCut) damaged[index] = stream.subarray(0, at % (stream.length + 1))
      else if (stream.length > 0) stream[at % stream.length]! ^= flip
      try {
        expect(new TemplateColumn(damaged, 40, (at) => columns[at]).texts().offsets).toHaveLength(41)
      } catch (error) {
        expect(error).toBeInstanceOf(FragmentCorruptError)
      }
    }), { numRuns: 2000 })
  })

  it('take from other columns what is the same there, and keep what is not', () => {
    const value = fc.record({ user: fc.nat(30), ms: fc.double({ min: 0, max: 500, noNaN: true }), isOdd: fc.nat(9).map((n) => n === 0), isAbsent: fc.nat(9).map((n) => n === 0) })
    fc.assert(fc.property(fc.array(value, { minLength: 100, maxLength: 200 }), fc.constantFrom(0, 2), (values, digits) => {
      const rows = values.map(({ user, ms, isAbsent }, timeOffset) => ({ timeOffset, values: new Map<string, number | string>(isAbsent ? [] : [['@user', `node-${user}`], ['@ms', Number(ms.toFixed(2))]]) }))
      const { columns } = tableOf(rows)
      const strings = stringsFrom(values.map(({ user, ms, isOdd }) => `user node-${isOdd ? 1000 + user : user} waited ${Number(ms.toFixed(2)).toFixed(digits)} ms`))
      const tokens = tokenise(strings, values.length)
      expect(plain(roundTrip(strings, values.length, undefined, columns).texts())).toEqual(plain(strings))
      if (values.filter(({ isOdd, isAbsent }) => isOdd || isAbsent).length < 8) expect(packTemplates(strings, tokens, columns).references.length).toBeGreaterThan(0)
    }))
  })

  it('share a template when only what varies differs', () => {
    const texts = ['GET /users/17/orders took 1.25 ms from 10.0.0.1 id=00ff12ab', 'GET /users/9/orders took 17 ms from 192.168.7.254 id=12345678', 'GET /users/007/orders took 0.5 ms from 1.1.1.1 id=deadbeef']
    expect(plain(tokenise(stringsFrom(texts), 3).templates)).toEqual(['GET /users/\0/orders took \0 ms from \0 id=\0'])
  })

  it('stay few in free text', () => {
    const texts = Array.from({ length: 6000 }, (_, i) => `word${'abcdefghij'[i % 10]} ${[...String(i)].map((digit) => 'ghijklmnop'[Number(digit)]).join('')}`)
    const strings = stringsFrom(texts)
    const tokens = tokenise(strings, texts.length)
    expect(tokens.templates.offsets.length - 1).toBeLessThanOrEqual(4097)
    expect(plain(new TemplateColumn(packTemplates(strings, tokens, []).streams, texts.length, () => undefined).texts())).toEqual(plain(strings))
  })
})

function roundTrip(strings: Strings, rows: number, present?: Uint8Array, columns: readonly Column[] = []): TemplateColumn {
  return new TemplateColumn(packTemplates(strings, tokenise(strings, rows, present), columns).streams, rows, (index) => columns[index])
}

function sorted(hashes: HashSet | undefined): number[] {
  return [...(hashes?.toArray() ?? [])].sort((a, b) => a - b)
}

function stringsOfBytes(parts: readonly Uint8Array[]): Strings {
  const offsets = new Uint32Array(parts.length + 1)
  parts.forEach((part, index) => {
    offsets[index + 1] = (offsets[index] ?? 0) + part.length
  })
  return { offsets, bytes: Buffer.concat(parts) }
}

function plain({ offsets, bytes }: Strings): string[] {
  return Array.from({ length: offsets.length - 1 }, (_, entry) => Buffer.from(bytes.subarray(offsets[entry], offsets[entry + 1])).toString('latin1'))
}
