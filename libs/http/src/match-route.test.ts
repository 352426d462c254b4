import { createRouteTable } from './match-route.ts'
import type { Route } from './route.ts'

const route = (method: Route['method'], path: string): Route => ({ method, path, scope: 'public', dialect: 'millrace', handle: () => Promise.resolve() })

describe('a route table', () => {
  const find = createRouteTable([route('POST', '/_bulk'), route('POST', '/:index/_bulk'), route('GET', '/'), route('GET', '/v1/receipts/:receipt'), route('PUT', '/_template/:name')])
  const found = (method: string, path: string): unknown => {
    const match = find(method, path)
    return match === undefined ? undefined : [match.route.path, match.params]
  }

  it('prefers a literal segment and reads the named ones', () => {
    expect(found('POST', '/_bulk')).toEqual(['/_bulk', {}])
    expect(found('POST', '/logs-2026/_bulk')).toEqual(['/:index/_bulk', { index: 'logs-2026' }])
    expect(found('GET', '/')).toEqual(['/', {}])
  })

  it('decodes percent signs, and finds nothing where they are broken', () => {
    expect(found('GET', '/v1/receipts/a%2Fb')).toEqual(['/v1/receipts/:receipt', { receipt: 'a/b' }])
    expect(found('GET', '/v1/receipts/%zz')).toBeUndefined()
  })

  it('finds nothing for another method, a longer path or an empty segment', () => {
    expect(found('GET', '/_bulk')).toBeUndefined()
    expect(found('GET', '/v1/receipts/a/b')).toBeUndefined()
    expect(found('POST', '//_bulk')).toBeUndefined()
    expect(found('GET', `/${'a/'.repeat(1000)}`)).toBeUndefined()
  })

  it('takes a name of the language for a plain segment', () => {
    expect(found('PUT', '/_template/__proto__')).toEqual(['/_template/:name', { name: '__proto__' }])
    expect(found('GET', '/constructor')).toBeUndefined()
  })
})
