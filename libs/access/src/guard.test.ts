import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CatalogUnavailableError, type Tenants } from '@millrace/catalog/catalog'
import { STALE_MS } from '@millrace/catalog/remembered-lookup'
import { createRouteTable } from '@millrace/http/match-route'
import type { Route } from '@millrace/http/route'
import { openLimits } from '@millrace/limits/open-limits'
import type { Clock } from '@millrace/runtime/clock'
import { systemClock } from '@millrace/runtime/system-clock'
import { ManualClock } from '@millrace/simulator/manual-clock'
import { createLog } from '@millrace/telemetry/log'
import { Registry } from '@millrace/telemetry/metrics'
import { createAuthenticator } from './authenticator.ts'
import { createHttpMetrics } from './http-metrics.ts'
import { createGuard } from './guard.ts'
import { hashOfKey } from './hash-of-key.ts'
import type { TenantRates } from './quotas.ts'

const GENEROUS: TenantRates = { requests: { perSecond: 1000, burst: 1000 }, bytes: { perSecond: 1e9, burst: 1e9 } }

interface Served extends AsyncDisposable {
  ask(headers?: Record<string, string>, body?: string | ReadableStream): Promise<Response>
  failCatalog(): void
  revokeKey(): void
}

/** A listener with one route, and a catalog that knows the key `k` until it is told to fail. @param clock by which keys are remembered. */
async function served(handle: Route['handle'], { rates = GENEROUS, clock = systemClock }: { readonly rates?: TenantRates; readonly clock?: Clock } = {}): Promise<Served> {
  let isDown = false
  let isRevoked = false
  const findKey: Tenants['findKey'] = (hash) => {
    if (isDown) return Promise.reject(new CatalogUnavailableError('down'))
    return Promise.resolve(hash === hashOfKey('k') && !isRevoked ? { hash, tenantId: 't', scopes: ['ingest'] } : undefined)
  }
  const limits = await openLimits({ kind: 'process', clock: systemClock })
  const guard = createGuard({
    authenticator: createAuthenticator({ findKey } as Tenants, clock), quotas: { limits, rates }, clock: systemClock, log: createLog('silent'), metrics: createHttpMetrics(new Registry()),
  })
  const find = createRouteTable([{ method: 'POST', path: '/', scope: 'ingest', dialect: 'millrace', handle }])
  const server = createServer((request, response) => {
    const match = find('POST', '/')
    if (match !== undefined) void guard(match, request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    ask: async (headers = { 'dd-api-key': 'k' }, body = '') => await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { method: 'POST', headers: { connection: 'close', ...headers }, body, ...(typeof body === 'string' ? {} : { duplex: 'half' }) } as RequestInit),
    failCatalog() {
      isDown = true
    },
    revokeKey() {
      isRevoked = true
    },
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const ok: Route['handle'] = (_, response) => {
  response.end('{}')
  return Promise.resolve()
}

describe('the guard', () => {
  it('lets a key of the right scope through, and tells the handler whose it is', async () => {
    let tenantId = ''
    await using gateway = await served(async (request, response) => {
      tenantId = request.tenantId
      await ok(request, response)
    })
    expect((await gateway.ask()).status).toBe(200)
    expect(tenantId).toBe('t')
  })

  it('tells an answer without an end whether its key still allows it, and trusts a key without the catalog as long as for new requests', async () => {
    for (const [change, ms, isAllowed] of [['failCatalog', 60_000, true], ['failCatalog', STALE_MS, false], ['revokeKey', 60_000, false]] as const) {
      const clock = new ManualClock()
      const told: boolean[] = []
      await using gateway = await served(async (request, response) => {
        told.push(await request.isStillAllowed())
        gateway[change]()
        await clock.advance(ms)
        told.push(await request.isStillAllowed())
        await ok(request, response)
      }, { clock })
      await gateway.ask()
      expect(told).toEqual([true, isAllowed])
    }
  })

  it('answers 503 and never 401 or 403 when a key cannot be checked', async () => {
    await using gateway = await served(ok)
    gateway.failCatalog()
    const answer = await gateway.ask()
    expect(answer.status).toBe(503)
    expect(answer.headers.get('retry-after')).not.toBeNull()
  })

  it('trusts a key that it has checked before while the catalog is down', async () => {
    await using gateway = await served(ok)
    await gateway.ask()
    gateway.failCatalog()
    expect((await gateway.ask()).status).toBe(200)
  })

  it('answers 429 with the time to wait when the tenant is over its rate', async () => {
    await using gateway = await served(ok, { rates: { requests: { perSecond: 0.5, burst: 1 }, bytes: GENEROUS.bytes } })
    expect((await gateway.ask()).status).toBe(200)
    const answer = await gateway.ask()
    expect(answer.status).toBe(429)
    expect(answer.headers.get('retry-after')).toBe('2')
  })

  it('counts the bytes of a body against the tenant before it reads them', async () => {
    await using gateway = await served(ok, { rates: { requests: GENEROUS.requests, bytes: { perSecond: 1, burst: 100 } } })
    expect((await gateway.ask({ 'dd-api-key': 'k' }, 'x'.repeat(90))).status).toBe(200)
    expect((await gateway.ask({ 'dd-api-key': 'k' }, 'x'.repeat(90))).status).toBe(429)
  })

  it('charges a chunked body once its size is known', async () => {
    await using gateway = await served(async ({ raw }, response) => {
      for await (const _ of raw as AsyncIterable<Buffer>) continue
      response.end('{}')
    }, { rates: { requests: GENEROUS.requests, bytes: { perSecond: 1, burst: 100 } } })
    const chunked = async (): Promise<number> => {
      const body = new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode('x'.repeat(500)))
          controller.close()
        },
      })
      return (await gateway.ask({ 'dd-api-key': 'k' }, body)).status
    }
    expect(await chunked()).toBe(200)
    // The charge comes when the answer is closed, which a client may overtake.
    let status = 200
    for (let attempt = 0; status === 200 && attempt < 20; attempt++) status = await chunked()
    expect(status).toBe(429)
  })

  it.each([
    ['a port that does not answer', Object.assign(new Error('x'), { code: 'STORE_UNAVAILABLE' }), 503],
    ['a full log', Object.assign(new Error('x'), { code: 'BUS_FULL' }), 503],
    ['an unforeseen error', new Error('secret detail'), 500],
  ])('answers %s without its details', async (_, error, status) => {
    await using gateway = await served(() => Promise.reject(error))
    const answer = await gateway.ask()
    expect(answer.status).toBe(status)
    expect(await answer.text()).not.toContain('secret')
  })
})
