import fc from 'fast-check'
import { parseQuery } from '@millrace/query-language/parse-query'
import { hasTerm, queryOfPattern, termOf, withoutTerm, withTerm } from './query-terms.ts'

describe('a condition', () => {
  it('is quoted where it must be', () => {
    expect(termOf('service', 'web')).toBe('service:web')
    expect(termOf('@http.status_code', 500)).toBe('@http.status_code:500')
    expect(termOf('env', 'prod eu')).toBe('env:"prod eu"')
    expect(termOf('@a\\.b', 'say "hi"')).toBe('@a\\.b:"say \\"hi\\""')
    expect(termOf('@n', -5)).toBe('@n:"-5"')
    expect(termOf('message', 'a b')).toBe('"a b"')
  })

  it('is read as what it was made from, whatever the value', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }), (value) => {
      expect(parseQuery(termOf('@x', value))).toMatchObject({ type: 'term', facet: { kind: 'attribute', name: 'x' }, pattern: { kind: 'exact', text: value } })
    }))
  })

  it('joins a query once, and leaves it as it was', () => {
    expect(withTerm('', 'service:web')).toBe('service:web')
    expect(withTerm('status:error', 'service:web')).toBe('status:error service:web')
    expect(withTerm('service:web', 'service:web')).toBe('service:web')
    expect(withTerm('a OR b', 'service:web')).toBe('(a OR b) service:web')
    expect(withTerm('-service:web x', 'service:web')).toBe('x service:web')
    expect(withoutTerm('a "b  c" service:web', 'service:web')).toBe('a "b  c"')
    expect(withoutTerm('service:website', 'service:web')).toBe('service:website')
    fc.assert(fc.property(fc.subarray(['a', '"b  c"', 'status:error', '-host:x'], { minLength: 1 }), (terms) => {
      const query = terms.join(' ')
      expect(withoutTerm(withTerm(query, '@n:1'), '@n:1')).toBe(query)
      expect(hasTerm(withTerm(query, '@n:1'), '@n:1')).toBe(true)
    }))
  })
})

describe('a pattern', () => {
  it('becomes the phrases that stay the same', () => {
    expect(queryOfPattern('GET /users/* took * ms')).toBe('"GET" "took" "ms"')
    expect(queryOfPattern('connection refused')).toBe('"connection refused"')
    expect(queryOfPattern('* => *')).toBe('')
  })
})
