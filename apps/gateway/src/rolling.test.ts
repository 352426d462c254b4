import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { serveHttp } from '@millrace/http/serve-http'
import type { RouteRequest } from '@millrace/http/route'
import { systemClock } from '@millrace/runtime/system-clock'
import { createLog } from '@millrace/telemetry/log'
import { createForwarder } from './forward.ts'

/** How late the name server tells of who comes and goes. */
const NAME_DELAY_MS = 2_500
/** Shorter than that: what is behind a name goes on while it is asked. */
const DRAIN_DELAY_MS = 1_000
const SENDERS = 4

interface Replica {
  readonly child: ChildProcess
  readonly address: string
  readonly port: number
  readonly ended: Promise<readonly [code: number | null, signal: string | null]>
}

async function startReplica(address: string, port: number): Promise<Replica> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../../libs/service/src/test-service.ts')], {
    env: { ...process.env, MILLRACE_HTTP_HOST: address, MILLRACE_HTTP_PORT: String(port), MILLRACE_DRAIN_DELAY_MS: String(DRAIN_DELAY_MS) }, stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => { log += chunk.toString('utf8') })
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>
  while (!log.includes('"ready"')) await Promise.race([once(child.stderr, 'data'), ended.then(() => { throw new Error(log) })])
  return { child, address, ended, port: Number(/"port":(\d+)/.exec(log)?.[1]) }
}

describe('the processes of a service', () => {
  it('are replaced one after the other under load without a failed request, also where there is only one at a time', async () => {
    let old = await startReplica('127.0.0.1', 0)
    const { port } = old
    /** From when on each is known, and until when. */
    const entries = [{ address: old.address, fromMs: -Infinity, untilMs: Infinity }]
    const hostNames = { lookUp: () => Promise.resolve(entries.filter(({ fromMs, untilMs }) => fromMs <= performance.now() && performance.now() < untilMs).map(({ address }) => address)) }
    using forwarder = createForwarder({ name: 'intake', urls: [`http://intake.test:${port}`], hostNames, clock: systemClock, log: createLog('silent') })
    await using gateway = await serveHttp({ host: '127.0.0.1', port: 0, clock: systemClock }, (raw, response) => {
      void forwarder.forward({ raw, signal: new AbortController().signal } as unknown as RouteRequest, response, 'millrace')
    })
    const failed: string[] = []
    let sent = 0
    let isOver = false
    const senders = Array.from({ length: SENDERS }, async () => {
      while (!isOver) {
        const body = `event ${sent++}`
        const answer = await fetch(`http://127.0.0.1:${gateway.port}/echo`, { method: 'POST', body })
        const text = await answer.text()
        if (answer.status !== 200 || text !== body) failed.push(`${answer.status} ${text}`)
        await systemClock.sleep(5)
      }
    })
    try {
      for (const address of ['127.0.0.2', '127.0.0.3']) {
        const fresh = await startReplica(address, port)
        entries.push({ address, fromMs: performance.now() + NAME_DELAY_MS, untilMs: Infinity })
        for (const entry of entries) if (entry.address === old.address) entry.untilMs = performance.now() + NAME_DELAY_MS
        old.child.kill('SIGTERM') // at once, as a rolling update does when the new one is ready
        expect(await old.ended).toEqual([0, null])
        old = fresh
      }
    } finally {
      isOver = true
      await Promise.all(senders)
      old.child.kill('SIGKILL')
    }
    expect(sent).toBeGreaterThan(200)
    expect(failed).toEqual([])
  }, 90_000)
})
