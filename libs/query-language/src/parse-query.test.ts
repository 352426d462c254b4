import fc from 'fast-check'
import type { Facet, QueryAst, WildcardPiece } from './ast.ts'
import { facetOf, facetText, RESERVED_FACETS } from './facet.ts'
import { MAX_QUERY_DEPTH, MAX_QUERY_LENGTH, parseQuery } from './parse-query.ts'
import { printQuery } from './print-query.ts'
import { QuerySyntaxError } from './query-syntax-error.ts'

const word = (text: string): QueryAst => ({ type: 'text', scope: 'message', pattern: { kind: 'exact', text, isQuoted: false } })
const term = (facet: Facet, text: string, isQuoted = false): QueryAst => ({ type: 'term', facet, pattern: { kind: 'exact', text, isQuoted } })
const service: Facet = { kind: 'reserved', name: 'service' }
const duration: Facet = { kind: 'attribute', name: 'duration' }

describe('a search', () => {
  it('finds everything when it is empty or a star', () => {
    for (const text of ['', '  ', '*', '**', '*:*']) expect(parseQuery(text)).toEqual({ type: 'all' })
  })

  it('binds NOT before AND before OR', () => {
    const expected: QueryAst = { type: 'or', nodes: [{ type: 'and', nodes: [word('a'), { type: 'not', node: word('b') }] }, { type: 'and', nodes: [word('c'), word('d')] }] }
    for (const text of ['a -b OR c d', 'a AND NOT b OR c AND d', '(a AND (-b)) OR (c (d))']) expect(parseQuery(text)).toEqual(expected)
  })

  it('joins chains of one operator, however they are nested', () => {
    expect(parseQuery('(a (b c)) d')).toEqual({ type: 'and', nodes: ['a', 'b', 'c', 'd'].map(word) })
    expect(parseQuery('(a OR b) OR c')).toEqual({ type: 'or', nodes: ['a', 'b', 'c'].map(word) })
  })

  it('takes operators in upper case only, and not as parts of words', () => {
    expect(parseQuery('a or ANDROID \\NOT')).toEqual({ type: 'and', nodes: ['a', 'or', 'ANDROID', 'NOT'].map(word) })
  })

  it('tells reserved attributes, attributes and tags apart', () => {
    expect(parseQuery('service:web')).toEqual(term(service, 'web'))
    expect(parseQuery('@http.status_code:500')).toEqual(term({ kind: 'attribute', name: 'http.status_code' }, '500'))
    expect(parseQuery('env:"prod eu"')).toEqual(term({ kind: 'tag', name: 'env' }, 'prod eu', true))
    expect(parseQuery('@a\\.b\\:c:x')).toEqual(term({ kind: 'attribute', name: 'a\\.b:c' }, 'x'))
  })

  it('ends a facet at its first colon', () => {
    expect(parseQuery('@at:12:30')).toEqual(term({ kind: 'attribute', name: 'at' }, '12:30'))
  })

  it('searches a message by words, by its name or without', () => {
    expect(parseQuery('message:refused')).toEqual(word('refused'))
    expect(parseQuery('message:~"a+"')).toEqual({ type: 'term', facet: { kind: 'reserved', name: 'message' }, pattern: { kind: 'regex', source: 'a+' } })
  })

  it('reads wildcards outside quotes only', () => {
    expect(parseQuery('service:a*b?')).toEqual({ type: 'term', facet: service, pattern: { kind: 'wildcard', pieces: [{ literal: 'a' }, 'any', { literal: 'b' }, 'one'] } })
    expect(parseQuery('service:"a*"')).toEqual(term(service, 'a*', true))
    expect(parseQuery('service:a\\*')).toEqual(term(service, 'a*'))
  })

  it('escapes only quotes and backslashes in quotes, and only quotes in a regular expression', () => {
    expect(parseQuery(String.raw`"C:\temp \"x\" \\"`)).toMatchObject({ pattern: { text: String.raw`C:\temp "x" ` + '\\' } })
    expect(parseQuery(String.raw`service:~"\d+\\\"\""`)).toMatchObject({ pattern: { source: String.raw`\d+\\""` } })
  })

  it('spreads a group of values over its facet', () => {
    expect(parseQuery('service:(web OR NOT api)')).toEqual({ type: 'or', nodes: [term(service, 'web'), { type: 'not', node: term(service, 'api') }] })
    expect(parseQuery('@duration:(>5 <=9)')).toEqual(parseQuery('@duration:>5 @duration:<=9'))
  })

  it('reads ranges with open, closed and missing bounds', () => {
    const range = (min: [number, boolean] | undefined, max: [number, boolean] | undefined): QueryAst => ({
      type: 'range', facet: duration,
      min: min && { value: min[0], isInclusive: min[1] }, max: max && { value: max[0], isInclusive: max[1] },
    })
    expect(parseQuery('@duration:>=500')).toEqual(range([500, true], undefined))
    expect(parseQuery('@duration:<-1.5e3')).toEqual(range(undefined, [-1500, false]))
    expect(parseQuery('@duration:[1 TO 5}')).toEqual(range([1, true], [5, false]))
    expect(parseQuery('@duration:{* TO 5]')).toEqual(range(undefined, [5, true]))
  })

  it('asks whether a facet is there', () => {
    const exists: QueryAst = { type: 'exists', facet: duration }
    expect(parseQuery('@duration:*')).toEqual(exists)
    expect(parseQuery('_exists_:@duration')).toEqual(exists)
    expect(parseQuery('_missing_:@duration')).toEqual({ type: 'not', node: exists })
  })

  it('searches everywhere', () => {
    expect(parseQuery('*:"a b"')).toEqual({ type: 'text', scope: 'everywhere', pattern: { kind: 'exact', text: 'a b', isQuoted: true } })
  })
})

describe('a search that is wrong', () => {
  const cases: readonly (readonly [string, number, RegExp])[] = [
    ['a "b', 3, /quote is never closed/],
    ['a (b', 3, /parenthesis is never closed/],
    ['a (', 3, /parenthesis is never closed/],
    ['a b)', 4, /never opened/],
    ['a ( )', 3, /parentheses are empty/],
    ['AND a', 1, /AND needs a term before it/],
    ['a OR OR b', 6, /OR needs a term before it/],
    ['a AND', 6, /ends where a term is needed/],
    ['a OR ', 6, /ends where a term is needed/],
    ['a NOT', 3, /NOT needs a term after it/],
    ['a - b', 3, /directly after it/],
    ['service:', 9, /value is needed/],
    ['service: web', 9, /value is needed/],
    [':web', 1, /name before the colon/],
    ['@:web', 1, /needs a name/],
    ['ser*:web', 4, /no wildcards/],
    ['@n:>x', 5, /"x" is not a number/],
    ['@n:>*', 5, /needs a number/],
    ['@n:>', 5, /needs a number/],
    ['@n:[1 5]', 4, /written \[1 TO 5\]/],
    ['@n:[1 TO 5', 4, /range is never closed/],
    ['@n:[a TO 5]', 5, /"a" is not a number/],
    ['a:~b', 4, /stands in quotes/],
    ['a:~""', 4, /expression is empty/],
    ['*:>5', 3, /words and phrases only/],
    ['_exists_:', 10, /needs a name/],
    ['a\\', 2, /character after it/],
    ['('.repeat(MAX_QUERY_DEPTH + 2) + 'a', MAX_QUERY_DEPTH + 2, /nests at most/],
    ['NOT '.repeat(MAX_QUERY_DEPTH + 1) + 'a', (MAX_QUERY_DEPTH + 1) * 4 + 1, /nests at most/],
    ['a'.repeat(MAX_QUERY_LENGTH + 1), MAX_QUERY_LENGTH + 1, /at most/],
  ]
  it.each(cases.map(([text, ...expected]) => [text.slice(0, 20), text, ...expected] as const))('says what and where: %s', (_, text, column, message) => {
    let caught: unknown
    try {
      parseQuery(text)
    } catch (error) {
      caught = error
    }
    expect(caught).toBeInstanceOf(QuerySyntaxError)
    expect(caught).toMatchObject({ column, message: expect.stringMatching(message) as unknown })
  })

  it('never fails in another way', () => {
    const fragments = fc.constantFrom('a', 'AND', 'OR', 'NOT', '-', '(', ')', '"', ' ', ':', '@', '*', '?', '\\', '~', '[', ']', '{', ' TO ', '>=', '5', 'service', '.', 'é')
    fc.assert(fc.property(fc.array(fragments, { maxLength: 12 }).map((parts) => parts.join('')), (text) => {
      try {
        const ast = parseQuery(text)
        expect(parseQuery(printQuery(ast))).toEqual(ast)
      } catch (error) {
        if (!(error instanceof QuerySyntaxError)) throw error
        expect(error.column).toBeGreaterThanOrEqual(1)
        expect(error.column).toBeLessThanOrEqual(text.length + 1)
      }
    }), { numRuns: 2000 })
  })
})

describe('printing a search', () => {
  it('gives a text that means the same', () => {
    fc.assert(fc.property(query, (ast) => {
      expect(parseQuery(printQuery(ast))).toEqual(ast)
    }), { numRuns: 500 })
  })

  it('reads and prints facets that stand alone', () => {
    for (const text of ['service', '@a\\.b.c d', 'env', '@service']) expect(facetText(facetOf(text))).toBe(text)
    expect(facetOf('service')).toEqual(service)
    expect(facetOf('env')).toEqual({ kind: 'tag', name: 'env' })
    expect(() => facetOf('@')).toThrow(QuerySyntaxError)
  })
})

const nasty = fc.string({ unit: fc.constantFrom('a', 'B', '7', ' ', '"', '\\', '(', ')', ':', '*', '?', '-', '@', '~', '<', '>', '[', '}', '.', 'é', '\n', '😀'), minLength: 1, maxLength: 6 })
const literal = fc.oneof(nasty, fc.constantFrom('AND', 'OR', 'NOT', 'TO'))
const facet: fc.Arbitrary<Facet> = fc.oneof(
  fc.constantFrom(...[...RESERVED_FACETS].filter((name) => name !== 'message')).map((name): Facet => ({ kind: 'reserved', name })),
  // An attribute's name has a backslash only before a dot or a backslash.
  fc.array(nasty.map((key) => key.replace(/[.\\]/g, '\\$&')), { minLength: 1, maxLength: 3 }).map((keys): Facet => ({ kind: 'attribute', name: keys.join('.') })),
  nasty.filter((name) => !name.startsWith('@')).map((name): Facet => ({ kind: 'tag', name })),
)
const exact = fc.oneof(
  literal.map((text) => ({ kind: 'exact' as const, text, isQuoted: false })),
  fc.oneof(literal, fc.constant('')).map((text) => ({ kind: 'exact' as const, text, isQuoted: true })),
)
const wildcard = fc.array(fc.constantFrom('any' as const, 'one' as const), { minLength: 1, maxLength: 3 }).chain((wilds) =>
  fc.array(fc.option(nasty, { nil: undefined }), { minLength: wilds.length + 1, maxLength: wilds.length + 1 }).map((texts) => {
    const pieces: WildcardPiece[] = []
    texts.forEach((text, index) => {
      if (text !== undefined) pieces.push({ literal: text })
      const wild = wilds[index]
      if (wild !== undefined && !(wild === 'any' && pieces.at(-1) === 'any')) pieces.push(wild)
    })
    return { kind: 'wildcard' as const, pieces }
  }),
).filter(({ pieces }) => pieces.length > 1 || pieces[0] !== 'any')
/** A backslash is never last and never before a quote: that is how the parser leaves it. */
const regex = fc.array(fc.constantFrom('a', '"', '\\\\', '\\d', '(', ')', '*', ' '), { minLength: 1, maxLength: 6 }).map((parts) => ({ kind: 'regex' as const, source: parts.join('') }))
const bound = fc.option(fc.record({ value: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0), isInclusive: fc.boolean() }), { nil: undefined })
const { query } = fc.letrec<{ query: QueryAst; leaf: QueryAst }>((tie) => ({
  leaf: fc.oneof(
    fc.constant<QueryAst>({ type: 'all' }),
    fc.record({ type: fc.constant('text' as const), scope: fc.constantFrom('message' as const, 'everywhere' as const), pattern: fc.oneof(exact, wildcard) }),
    fc.record({ type: fc.constant('term' as const), facet, pattern: fc.oneof(exact, wildcard, regex) }),
    fc.record({ type: fc.constant('range' as const), facet, min: bound, max: bound }),
    fc.record({ type: fc.constant('exists' as const), facet }),
  ),
  query: fc.oneof(
    { maxDepth: 4 },
    tie('leaf'),
    tie('query').map((node): QueryAst => ({ type: 'not', node })),
    fc.array(tie('query'), { minLength: 2, maxLength: 3 }).map((nodes): QueryAst => ({ type: 'and', nodes: nodes.flatMap((node) => (node.type === 'and' ? node.nodes : [node])) })),
    fc.array(tie('query'), { minLength: 2, maxLength: 3 }).map((nodes): QueryAst => ({ type: 'or', nodes: nodes.flatMap((node) => (node.type === 'or' ? node.nodes : [node])) })),
  ),
}))
