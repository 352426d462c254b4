import type { Route } from '@millrace/http/route'
import { sendJson } from '@millrace/http/send-json'
import { runService } from './run-service.ts'

const SLOW_MS = 1_200
const WORK_MS = 200

const WORK_FAILS = process.argv.includes('work-fails')

/**
 * A service without engines, for tests of how services end. `/echo` answers what it was sent, `/slow` answers after {@link SLOW_MS}; its work takes {@link WORK_MS} to end.
 * Started with `work-fails`, its work does, and a resource never closes.
 */
await runService('gateway', ({ clock, resources }) => {
  if (WORK_FAILS) resources.defer(async () => { for (;;) await clock.sleep(60_000) })
  const routes: readonly Route[] = [
    { method: 'GET', path: '/quick', scope: 'public', dialect: 'millrace', handle: (_, response) => { sendJson(response, 200, {}); return Promise.resolve() } },
    {
      method: 'POST', path: '/echo', scope: 'public', dialect: 'millrace',
      handle: async ({ raw }, response) => {
        const chunks: Buffer[] = []
        for await (const chunk of raw as AsyncIterable<Buffer>) chunks.push(chunk)
        response.end(Buffer.concat(chunks))
      },
    },
    { method: 'GET', path: '/slow', scope: 'public', dialect: 'millrace', handle: async (_, response) => { await clock.sleep(SLOW_MS); sendJson(response, 200, {}) } },
  ]
  return Promise.resolve({
    checks: [], routes,
    work: async (signal: AbortSignal) => {
      if (WORK_FAILS) throw new Error('the work broke')
      while (!signal.aborted) await clock.sleep(60_000, signal)
      await clock.sleep(WORK_MS)
    },
  })
})
