import { INTAKE_ROUTES, QUERY_ROUTES } from '@millrace/gateway/forward-routes'
import { openTestSystem } from './test-system.ts'

describe('the gateway', () => {
  it('forwards exactly the routes that intake and query serve, under the same scope and dialect', async () => {
    await using millrace = await openTestSystem({ kind: 'standalone' })
    const forwarded = [...INTAKE_ROUTES, ...QUERY_ROUTES]
    const textOf = (routes: typeof millrace.routes): readonly string[] => routes.map(({ method, path, scope, dialect }) => [method, path, scope, dialect].join(' '))
    const served = millrace.routes.filter(({ scope, path }) => scope !== 'public' && !OWN_PATHS.includes(path))
    expect(new Set(forwarded.filter(([, , scope]) => scope !== 'public').map((route) => route.join(' ')))).toEqual(new Set(textOf(served)))
    // Of those without a key, probes and handshakes are each process' own.
    expect(textOf(millrace.routes)).toEqual(expect.arrayContaining(forwarded.map((route) => route.join(' '))))
  })
})

/** Of routes that the gateway answers itself. */
const OWN_PATHS: readonly string[] = ['/v1/tenants', '/v1/tenants/:tenantId', ...['/v1/tenants/:tenantId/keys', '/v1/admin-keys'].flatMap((path) => [path, `${path}/:keyId`]), '/v1/session', '/v1/sign-in-links']
