import type { LiveFragment } from '@millrace/catalog/live-fragments'
import type { PlainValue } from '@millrace/fragment/plain-rows'
import { openFragmentBytes } from '@millrace/fragment/read-fragment'
import type { QueryAst, WildcardPiece } from '@millrace/query-language/ast'
import { parseQuery } from '@millrace/query-language/parse-query'
import { printQuery } from '@millrace/query-language/print-query'
import { systemClock } from '@millrace/runtime/system-clock'
import fc from 'fast-check'
import { DAY_ZERO_NS } from './arbitrary-events.ts'
import { openFragmentParts } from './fragment-parts.ts'
import { MemoryPorts, TENANT } from './memory-ports.ts'
import { naiveMatches, type NaiveEvent } from './naive-search.ts'
import { openQueryEngine } from './open-query-engine.ts'
import type { ListRequest } from './query-engine.ts'

const never = new AbortController().signal
const everything: ListRequest = { tenantId: TENANT, kind: 'log', fromNs: 0n, toNs: DAY_ZERO_NS * 2n, filter: { type: 'all' }, streams: ['g1/0'], order: 'asc', limit: 5000 }

const value = fc.constantFrom(
  '0', '7', '13', '500', '1.5', '0.25', '10.0.0.1', '192.168.7.254', '00ff12ab', 'deadbeef', 'feedface', 'DEADBEEF', 'a1b2c3d4e5', 'abc123', 'ABC123', 'deadbeef-dead-beef-cafe-deadbeefcafe',
  '6ba7b810-9dad-11d1-80b4-00c04fd430c8', '6BA7B810-9DAD-11D1-80B4-00C04FD430C8', 'u000123', 'node-012', '12ms', '5xx', 'É9', 'été', 'ÉTÉ', '\u212a', 'k9', '\u212a9', 'ſ', 'ſ1', 'İ', 'a-b', '1.5deadbeef', 'x\0y', '',
)
const frame = fc.constantFrom(
  'disk @ quota exceeded', 'Disk quota exceeded on @', '@ bytes', 'user@ left @ms', 'bad request @ bad @', '@', '@@', 'deadbeef @', 'retry...@...', 'a@b', 'feed @ dead', 'GET /users/@/orders took @ ms from @', 'TIMEOUT@Exception', 'Éclair @ \u212aelvin', 'the same text', '', '@-@ ...',
)
/** Messages of few shapes, as many as templates need to pay, some rows without any. */
const someMessages = fc.record({ frames: fc.array(frame, { minLength: 1, maxLength: 5 }), values: fc.array(value, { minLength: 1, maxLength: 8 }), rows: fc.integer({ min: 150, max: 400 }), hole: fc.integer({ min: 2, max: 40 }), step: fc.integer({ min: 1, max: 7 }) }).map(
  ({ frames, values, rows, hole, step }) => Array.from({ length: rows }, (_, row): string | undefined => {
    let next = row * step
    if (row % hole === 1) return undefined
    // Most numbers differ from row to row, as they do in logs.
    return frames[row % frames.length]?.replaceAll('@', () => (++next % 4 !== 0 ? String(scattered(next)) : (values[next % values.length] ?? '')))
  }),
)
const someText = fc.oneof(value, fc.constantFrom('disk quota', 'quota exceeded', 'disk 13 quota', 'bad request', 'request bad', 'deadbeef deadbeef', 'bad', 'dead', 'feed', 'feed dead', 'feed deadbeef dead', 'cafe', 'ms', 'ms from 10', 'user', 'left', 'a', 'b', 'ab', '...', '-', '.', '--', 'k', 'kelvin', '\u212aelvin', 's', 'é', 'éclair', 'timeout', 'exception', 'the same text', '0 0', 'users 13 orders', '1 5', 'on 500', 'beef cafe'))
const literal = fc.constantFrom('disk', 'Disk', 'ea', 'dbee', 'ms', 'out', 'Exc', 't1', '1', '13', '.5', '-', '- ', ' ', '...', 'É', 'é', '\u212a', 'k', 'K', 'users/', '/orders', 's/1', 'F', 'f', 'AB', 'x', 'r u', 'k 1', '\0')
const somePieces = fc.oneof(
  { weight: 2, arbitrary: literal.map((text): readonly WildcardPiece[] => ['any', { literal: text }, 'any']) },
  literal.map((text): readonly WildcardPiece[] => [{ literal: text }, 'any']),
  literal.map((text): readonly WildcardPiece[] => ['any', { literal: text }]),
  fc.tuple(literal, literal).map(([a, b]): readonly WildcardPiece[] => [{ literal: a }, 'any', { literal: b }]),
  fc.tuple(literal, literal).map(([a, b]): readonly WildcardPiece[] => ['any', { literal: a }, 'any', { literal: b }, 'any']),
  fc.constantFrom<readonly WildcardPiece[]>(['one'], ['any'], ['one', 'one', 'any'], [{ literal: 'q' }, 'one', { literal: 'o' }, 'any']),
)
const exact = someText.map((text) => ({ kind: 'exact' as const, text, isQuoted: true }))
const wildcard = somePieces.map((pieces) => ({ kind: 'wildcard' as const, pieces }))
const regex = fc.constantFrom('^disk', 'quota exceeded', 'took [0-9.]+ ms', 'd[ie]sk? [0-9]+', 'ms$', '(bad|dead)', 'users/1', '\\bfeed\\b', '^$', 'É', '[A-F]{4}', 'x.y', 'deadbeef').map((source) => ({ kind: 'regex' as const, source }))
const someSearch: fc.Arbitrary<QueryAst> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('text' as const), scope: fc.constantFrom('message' as const, 'everywhere' as const), pattern: fc.oneof(exact, wildcard) }) },
  fc.record({ type: fc.constant('term' as const), facet: fc.constantFrom({ kind: 'reserved' as const, name: 'message' }, { kind: 'attribute' as const, name: 'path' }), pattern: fc.oneof(exact, wildcard, regex) }),
)

describe('searches of texts stored as templates', () => {
  it('find just what they say', async () => {
    let withTemplates = 0
    await fc.assert(fc.asyncProperty(someMessages, fc.array(fc.tuple(someSearch, fc.boolean()), { minLength: 1, maxLength: 6 }), async (messages, searches) => {
      const { engine, events, hasTemplates } = await load(messages)
      if (hasTemplates) withTemplates++
      for (const [node, isNegated] of searches) await compare(engine, events, isNegated ? { type: 'not', node } : node)
    }), { numRuns: 200 })
    // Where values repeat a lot the text packs better as it stands.
    expect(withTemplates).toBeGreaterThan(60)
  })

  describe('are decided rightly', () => {
    const cases: Readonly<Record<string, readonly [shape: (row: number) => string, searches: readonly string[]]>> = {
      'where a hex word without a digit stands in a slot': [(row) => `chunk ${row % 2 === 0 ? 'deadbeef' : (row * 7919 + 268_435_456).toString(16)} stored by ${row}`, ['deadbeef', '"chunk deadbeef"', '"deadbeef stored"', '*eadbee*', 'message:~"deadbeef stored"']],
      'where hex words are parts of a UUID': [(row) => `id deadbeef-dead-beef-cafe-dead${row.toString(16).padStart(8, '0')} ended ${row}`, ['deadbeef', '"dead beef cafe"', 'cafe', '"cafe ended"', '*beef-cafe*', 'face']],
      'where a phrase reaches across a slot': [(row) => `disk ${row} quota exceeded`, ['"disk quota"', '"disk 13 quota"', '"quota exceeded"', '"13 quota exceeded"', '"disk exceeded"', '"*k 1*"', '*k\\ 13\\ q*']],
      'where a word is glued to a slot': [(row) => `user${row} took ${row}ms node-${row}x`, ['user', 'user13', 'ms', '*13ms\\ node-1*', '13ms', 'node', '"user13 took"', '*ser1*', 'user*', '"node 13x"', 'took', 'x']],
      'where two slots make one word': [(row) => `rate ${scattered(row) % 1000}.5deadbeef${scattered(row) % 977} end`, ['"rate 13"', '5deadbeef3', 'deadbeef', 'deadbeef3', '*5dead*', '"rate end"']],
      'where case folds beyond ASCII': [(row) => `\u212aelvin ${row} ÉTÉ ſet ${row}\u212a`, ['kelvin', '\u212aelvin', 'été', 'ÉTÉ', 'set', 'ſet', '13\u212a', '13k', '*tÉ\\ ſ*', '*kelvin*']],
      'where hex is in capitals': [(row) => `key ${(row + 10_000_000).toString(16).toUpperCase().padStart(8, 'A')} of DEADBEEF ${row}`, ['deadbeef', 'DEADBEEF', '"of deadbeef"', 'aa98968d', 'AA98968D', 'message:*AA989*', 'message:*aa989*']],
      'where a text as a whole is in a slot': [(row) => (row % 3 === 0 ? `disk quota \0 exceeded ${row}` : `disk ${row} read`), ['"disk quota"', 'exceeded', '*a\\ \0\\ e*', 'read', '"disk 13"']],
      'where nothing varies': [(row) => (row % 2 === 0 ? `took ${scattered(row)} ms` : 'disk quota exceeded: volume v is full'), ['"disk quota"', 'disk', 'message:~"^disk"', 'message:"disk quota exceeded: volume v is full"', 'absent']],
      'where points and dashes are in slots': [(row) => `wait... ${row}.25 -- 10.0.0.${row % 256}`, ['"..."', '"."', '"--"', '"-"', '"13 25"', '"10 0 0 13"', '*.25\\ --\\ 10.*', '*0.0.1*']],
    }
    for (const [name, [shape, searches]] of Object.entries(cases)) {
      it(name, async () => {
        const { engine, events, hasTemplates } = await load(Array.from({ length: 600 }, (_, row) => (row % 50 === 49 ? undefined : shape(row))))
        expect(hasTemplates).toBe(true)
        for (const search of searches) for (const prefix of ['', '-']) await compare(engine, events, parseQuery(`${prefix}${search}`))
      })
    }

    it('where texts are not stored as templates', async () => {
      const { engine, events, hasTemplates } = await load(['disk 1 quota', 'deadbeef', 'user5'])
      expect(hasTemplates).toBe(false)
      for (const search of ['disk', '"disk quota"', 'deadbeef', 'user', '*ser5*']) await compare(engine, events, parseQuery(search))
    })
  })

  it('read the texts of no fragment whose templates lack the words', async () => {
    const ports = new MemoryPorts()
    const rows = Array.from({ length: 10_000 }, (_, row) => event(row, `disk ${row} read, quota checked after ${scattered(row)} ms, next in ${scattered(row + 50_000)} ms`))
    ports.addEvents(rows, { asText: true, isIndexed: false })
    const engine = engineOver(ports)
    const before = ports.bytesRead
    // The filter of words has both: only their places deny the phrase.
    expect((await engine.list({ ...everything, filter: parseQuery('"disk quota"') }, never)).events).toEqual([])
    const denied = ports.bytesRead - before
    expect((await engine.list({ ...everything, filter: parseQuery('"disk 13"') }, never)).events).toHaveLength(1)
    expect(denied * 2).toBeLessThan(ports.bytesRead - before)
  })

  it('keep folded copies of no column that its templates decide', async () => {
    const ports = new MemoryPorts()
    ports.addEvents(Array.from({ length: 3000 }, (_, row) => event(row, row % 100 === 5 ? `disk quota exceeded by ${row}` : `disk ${row} read after ${row * 7} ms`)), { asText: true })
    const [sealed] = ports.sealed
    let kept = 0
    const live = { ...sealed, object: sealed?.object ?? '', start: sealed?.start ?? 0, end: sealed?.end ?? 0 } as LiveFragment
    const parts = await openFragmentParts(ports.store, live, 0, (bytes) => { kept += bytes })
    const before = kept
    const [header] = parts.headersOf('message')
    expect((header && (await parts.templates(header)))?.templates).toHaveLength(2)
    expect(kept - before).toBeLessThan(3000 * 4)
  })
})

async function compare(engine: ReturnType<typeof engineOver>, events: readonly NaiveEvent[], filter: QueryAst): Promise<void> {
  const { events: found } = await engine.list({ ...everything, filter }, never)
  const expected = events.filter((candidate) => naiveMatches(filter, candidate))
  expect({ search: printQuery(filter), rows: found.map(({ id }) => id.row) }).toEqual({ search: printQuery(filter), rows: expected.map(({ id }) => id.row) })
  expect(found.map(({ message }) => message)).toEqual(expected.map(({ values }) => values.get('message')))
}

async function load(messages: readonly (string | undefined)[]): Promise<{ engine: ReturnType<typeof engineOver>; events: readonly NaiveEvent[]; hasTemplates: boolean }> {
  const events = messages.map((message, row) => event(row, message))
  const ports = new MemoryPorts()
  ports.addEvents(events, { asText: true })
  const [bytes = new Uint8Array()] = ports.objects.values()
  return { engine: engineOver(ports), events, hasTemplates: (await openFragmentBytes(bytes.subarray(5)).readTemplates('message', 'string')) !== undefined }
}

function event(row: number, message: string | undefined): NaiveEvent {
  const values = new Map<string, PlainValue>([['@path', `/users/${row}/disk/${(message ?? '').slice(0, 12)}`]])
  if (message !== undefined) values.set('message', message)
  return { id: { generation: 'g1', partition: 0, offset: 0, row }, timestampNs: DAY_ZERO_NS + BigInt(row), values }
}

/** Differs from row to row in no order, as ids do: in a counter's texts templates gain nothing. */
function scattered(row: number): number {
  const mixed = Math.imul((row + 1) ^ 0x5bd1e995, 0x9e3779b1)
  return Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d) >>> 8
}

function engineOver({ catalog, store, index }: MemoryPorts): ReturnType<typeof openQueryEngine> {
  return openQueryEngine({ catalog, store, index, clock: systemClock })
}
