import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Route, RouteRequest } from '@millrace/http/route'
import { exportRoute } from './export-route.ts'
import type { QueryContext } from './query-context.ts'
import { streamRoute } from './stream-route.ts'

describe('a streamed answer whose engine fails half way', () => {
  it('says in its last line that an export is not all', async () => {
    expect((await textOf(exportRoute(failingAfter(1)), 'http://localhost/v1/export')).trimEnd().split('\n').map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { attributes: { message: 'one' } }, { type: 'end', events: 1, complete: false, warnings: [{ code: 'interrupted' }] },
    ])
    expect(await textOf(exportRoute(failingAfter(1)), 'http://localhost/v1/export?format=csv&columns=message')).toBe('message\r\none\r\n# incomplete (interrupted): 1 events\r\n')
  })

  it('says in its last line that a search is not all', async () => {
    const lines = (await textOf(streamRoute(failingAfter(1)), 'http://localhost/v1/search', '{"limit":0}')).trimEnd().split('\n').map((line) => JSON.parse(line) as unknown)
    expect(lines).toMatchObject([{ type: 'progress', matched: 0 }, { type: 'end', complete: false, warnings: [{ code: 'interrupted' }] }])
  })

  it('is refused in the ordinary way while nothing was sent', async () => {
    await expect(textOf(exportRoute(failingAfter(0)), 'http://localhost/v1/export')).rejects.toThrow('the engine failed')
  })
})

/** Only what the two routes touch. */
function failingAfter(answers: number): QueryContext {
  let left = answers
  const answer = <T>(value: T): Promise<T> => (left-- > 0 ? Promise.resolve(value) : Promise.reject(new Error('the engine failed')))
  const whole = { complete: true, missing: [], positions: new Map(), scanMs: 0 }
  const event = { id: { generation: 'g', partition: 0, offset: 1, row: 0 }, timestampNs: 1n, message: 'one', tags: [], attributesJson: '{}' }
  const context = {
    clock: { nowMs: () => NOW_MS }, retentionOf: () => Promise.resolve(30), topics: { generation: 'g', partitions: 1 }, frontier: { completeUntilMs: () => NOW_MS },
    metrics: { answered: () => undefined }, log: { warn: () => undefined },
    admission: { run: async (_tenant: string, _signal: AbortSignal, query: () => Promise<unknown>) => await query() },
    engine: { list: async () => await answer({ ...whole, events: [event], hasMore: true }), aggregate: async () => await answer({ ...whole, buckets: [] }) },
  }
  return context as unknown as QueryContext
}

const NOW_MS = 1_795_000_000_000

/** What a client reads; rejects with what the route threw. */
async function textOf(route: Route, address: string, body?: string): Promise<string> {
  let thrown: unknown
  const server = createServer((raw, response) => {
    const request = { raw, tenantId: 'acme', url: new URL(address), params: {}, signal: new AbortController().signal }
    route.handle(request as unknown as RouteRequest, response).catch((error: unknown) => {
      thrown = error
      response.destroy()
    })
  }).listen(0, '127.0.0.1')
  try {
    await new Promise((resolve) => server.once('listening', resolve))
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, body === undefined ? {} : { method: 'POST', body })
    return await answer.text()
  } catch (error) {
    throw thrown ?? error
  } finally {
    server.close()
  }
}
