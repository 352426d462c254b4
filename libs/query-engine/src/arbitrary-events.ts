import type { PlainValue } from '@millrace/fragment/plain-rows'
import type { Facet, QueryAst, WildcardPiece } from '@millrace/query-language/ast'
import fc from 'fast-check'
import { MemoryPorts } from './memory-ports.ts'
import type { NaiveEvent } from './naive-search.ts'

/*
 * Events and searches over few words, so that searches often find something. For tests only.
 */

const word = fc.constantFrom('disk', 'Disk', 'quota', 'EXCEEDED', 'été', 'ÉTÉ', 'K', '\u212a', 'İ', 'a1', '500', 'timeoutException', '-', '...', 'deadbeef', 'abc123', '10.0.0.1', '1.5', '00ff12ab', '6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'ſ')
const message = fc.array(fc.tuple(word, fc.constantFrom(' ', '-', '', '\n', '  ')), { minLength: 1, maxLength: 5 }).map((parts) => parts.flat().join(''))
const scalar = fc.constantFrom<PlainValue>('web', 'api', 'WEB', '', '500', '5e2', 500, 5, 2.5, -1, true, null, 'disk full', { numeral: '1.0' }, { numeral: '12345678901234567890' }, { numeral: '500.0' })
const json = fc.constantFrom<PlainValue>({ json: '[]' }, { json: '{}' }, { json: '["web","api","web"]' }, { json: '[500,"5",true,null]' }, { json: '[{"a":1}]' }, { json: '[[5]]' })
const tags = fc.subarray(['env:prod', 'env:dev', 'team:core', 'canary', 'n:5', 'url:a:b'], { minLength: 0, maxLength: 4 }).map((list) => list.join(','))

const values = fc.record<Record<string, PlainValue>>(
  {
    message: fc.oneof({ weight: 8, arbitrary: message }, { weight: 1, arbitrary: fc.constantFrom<PlainValue>(500, true, { json: '["disk"]' }, '') }),
    status: fc.constantFrom('error', 'Error', 'info', 'ERROR'),
    service: fc.constantFrom('web', 'api', 'api-gateway'),
    tags,
    '@n': fc.oneof(scalar, json),
    '@a.b': scalar,
    '@a': fc.oneof(scalar, json),
    trace_id: fc.constantFrom('t1', 't2', 't3'),
  },
  { requiredKeys: [] },
).map((record) => new Map(Object.entries(record)))

/** Two days, times that often meet, ids that are unique. */
export const someEvents: fc.Arbitrary<readonly NaiveEvent[]> = fc.array(fc.record({ values, day: fc.constantFrom(0n, 3n), ms: fc.integer({ min: 0, max: 20 }), partition: fc.constantFrom(0, 2, 10) }), { minLength: 1, maxLength: 40 }).map((list) =>
  list.map(({ values: of, day, ms, partition }, index) => ({
    id: { generation: 'g1', partition, offset: index % 5, row: index },
    timestampNs: DAY_ZERO_NS + day * 86_400_000_000_000n + BigInt(ms) * 500_000n,
    values: of,
  })),
)

/** A UTC day. */
export const DAY_ZERO_NS = 20_000n * 86_400_000_000_000n

/** How events are spread over fragments: a number per event, wrapped around. */
export const somePlacement = fc.record({ fragmentOf: fc.array(fc.nat(3), { minLength: 1, maxLength: 7 }), isSealed: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), isSorted: fc.boolean(), asText: fc.boolean() })

export function place(events: readonly NaiveEvent[], { fragmentOf, isSealed, isSorted, asText }: typeof somePlacement extends fc.Arbitrary<infer T> ? T : never): MemoryPorts {
  const ports = new MemoryPorts()
  const groups = new Map<string, NaiveEvent[]>()
  events.forEach((event, index) => {
    const fragment = fragmentOf[index % fragmentOf.length] ?? 0
    const key = `${event.timestampNs / 86_400_000_000_000n} ${fragment}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [event])
    else group.push(event)
  })
  for (const [key, group] of groups) ports.addEvents(group, { isSealed: isSealed[Number(key.split(' ')[1])] ?? true, isSorted, asText })
  return ports
}

export const someFacet = fc.constantFrom<Facet>(
  { kind: 'reserved', name: 'status' }, { kind: 'reserved', name: 'service' }, { kind: 'reserved', name: 'tags' }, { kind: 'reserved', name: 'trace_id' },
  { kind: 'attribute', name: 'n' }, { kind: 'attribute', name: 'a.b' }, { kind: 'attribute', name: 'a' }, { kind: 'attribute', name: 'absent' },
  { kind: 'tag', name: 'env' }, { kind: 'tag', name: 'canary' }, { kind: 'tag', name: 'n' }, { kind: 'tag', name: 'url' },
)

const freeText = fc.oneof(word, fc.constantFrom('disk quota', 'quota exceeded', 'disk-quota-exceeded', 'k', 'web', '...', '', 'true', '500', 'full'))
const valueText = fc.constantFrom('web', 'api', 'WEB', 'error', 'Error', '', '500', '5e2', '500.0', '5', '1', '12345678901234567890', 'true', 'null', 'disk full', 'prod', 'env:prod', 'canary', 'a:b', 't1', '{}', '[]', '[[5]]')
const literalPiece = fc.constantFrom('e', 'disk', 'Disk', 'timeout', 'Exc', 'quota', 'W', 'w', 'b', '5', '0', 'é', 'É', 'K', 'İ', 'prod', ' ', '-')
const pieces: fc.Arbitrary<readonly WildcardPiece[]> = fc.oneof(
  literalPiece.map((literal): readonly WildcardPiece[] => ['any', { literal }, 'any']),
  literalPiece.map((literal): readonly WildcardPiece[] => [{ literal }, 'any']),
  literalPiece.map((literal): readonly WildcardPiece[] => ['any', { literal }]),
  fc.tuple(literalPiece, literalPiece).map(([a, b]): readonly WildcardPiece[] => [{ literal: a }, 'any', { literal: b }]),
  fc.constantFrom<readonly WildcardPiece[]>(['one'], ['one', 'one', 'any'], [{ literal: 'd' }, 'one', { literal: 's' }, 'any'], ['any', { literal: 'o' }, 'any', { literal: 'o' }, 'any', 'one']),
)
const regex = fc.constantFrom('^web$', 'w.b|ap', '[0-9]+', 'disk\\s+f', 'e(r+)or', '(?i)disk', 'q[a-z]+a', '5.*0', 'quota.EXC?', '\\bdisk\\b', '(a|b)*c', '^$', 'e{2}', 'prod|canary', 'é')
const exact = (texts: fc.Arbitrary<string>): fc.Arbitrary<{ readonly kind: 'exact'; readonly text: string; readonly isQuoted: boolean }> => texts.map((text) => ({ kind: 'exact', text, isQuoted: true }))
const bound = fc.option(fc.record({ value: fc.constantFrom(-1, 0, 1, 2.5, 5, 500), isInclusive: fc.boolean() }), { nil: undefined })

export const someLeaf: fc.Arbitrary<QueryAst> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<QueryAst>({ type: 'all' }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('text' as const), scope: fc.constantFrom('message' as const, 'message' as const, 'everywhere' as const), pattern: fc.oneof(exact(freeText), pieces.map((of) => ({ kind: 'wildcard' as const, pieces: of }))) }) },
  { weight: 8, arbitrary: fc.record({ type: fc.constant('term' as const), facet: someFacet, pattern: fc.oneof(exact(valueText), pieces.map((of) => ({ kind: 'wildcard' as const, pieces: of })), regex.map((source) => ({ kind: 'regex' as const, source }))) }) },
  { weight: 1, arbitrary: regex.map((source): QueryAst => ({ type: 'term', facet: { kind: 'reserved', name: 'message' }, pattern: { kind: 'regex', source } })) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('range' as const), facet: someFacet, min: bound, max: bound }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('exists' as const), facet: someFacet }) },
)

export const { someQuery } = fc.letrec<{ someQuery: QueryAst }>((tie) => ({
  someQuery: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    someLeaf,
    tie('someQuery').map((node): QueryAst => ({ type: 'not', node })),
    fc.array(tie('someQuery'), { minLength: 2, maxLength: 3 }).map((nodes): QueryAst => ({ type: 'and', nodes })),
    fc.array(tie('someQuery'), { minLength: 2, maxLength: 3 }).map((nodes): QueryAst => ({ type: 'or', nodes })),
  ),
}))
