import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '@millrace/runtime/system-clock'
import { createLog } from '@millrace/telemetry/log'
import { Registry } from '@millrace/telemetry/metrics'
import { createAuthenticator } from './authenticator.ts'
import { createGuard } from './guard.ts'
import { createHttpMetrics } from './http-metrics.ts'
import { createListener, type ListenerOptions } from './create-listener.ts'

describe('a listener', () => {
  async function ask(path: string, part: Partial<ListenerOptions>, method = 'POST'): Promise<Response> {
    const registry = new Registry()
    const guard = createGuard({ authenticator: createAuthenticator({ findKey: () => Promise.resolve(undefined) }, systemClock), quotas: undefined, clock: systemClock, log: createLog('silent'), metrics: createHttpMetrics(registry) })
    const server = createServer(createListener({ guard, registry, routes: [], ...part }))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      return await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, { method, headers: { connection: 'close' }, ...(method === 'POST' ? { body: '{}' } : {}) })
    } finally {
      await new Promise((resolve) => server.close(resolve))
    }
  }

  it('says that there is nothing at a path that nobody serves', async () => {
    expect((await ask('/v1/events', {})).status).toBe(404)
  })

  it('serves its figures, unless they have a port of their own', async () => {
    expect((await ask('/metrics', {}, 'GET')).status).toBe(200)
    expect((await ask('/metrics', { registry: undefined }, 'GET')).status).toBe(404)
  })

  it('asks to come again while its routes are not known yet', async () => {
    const answer = await ask('/v1/events', { otherwise: { status: 503, code: 'unavailable', detail: 'starting', retryAfterS: 2 } })
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2'])
  })
})
