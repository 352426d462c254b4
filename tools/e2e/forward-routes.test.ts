import { INTAKE_ROUTES, QUERY_ROUTES } from '@millrace/gateway/forward-routes'
import { openTestSystem } from './test-system.ts'

describe('the gateway', () => {
  it('forwards exactly the routes that intake and query serve, under the same scope and dialect', async () => {
    await using millrace = await openTestSystem({ kind: 'standalone' })
    const served = millrace.routes.filter(({ scope, path }) => scope !== 'public' && path !== '/v1/tenants').map(({ method, path, scope, dialect }) => [method, path, scope, dialect].join(' '))
    expect(new Set([...INTAKE_ROUTES, ...QUERY_ROUTES].map((route) => route.join(' ')))).toEqual(new Set(served))
  })
})
