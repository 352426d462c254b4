import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemRandom } from '@millrace/runtime/system-random'
import { ManualClock } from '@millrace/simulator/manual-clock'
import { runCli } from '../run-cli.ts'

describe('millrace tail', () => {
  let server: Server
  let streams: ServerResponse[]
  beforeEach(async () => {
    streams = []
    server = createServer((_, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      response.write(': listening\n\n')
      streams.push(response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterEach(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  it('leaves a stream that has fallen silent, and listens again', async () => {
    const clock = new ManualClock()
    const shown: string[] = []
    const remarks: string[] = []
    const run = runCli(['tail', '--limit', '1'], {
      environment: { MILLRACE_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, MILLRACE_API_KEY: 'k' },
      clock, random: systemRandom, signal: new AbortController().signal, print: (text) => shown.push(text), remark: (text) => remarks.push(text),
    })
    await until(() => remarks.includes('listening'))
    await clock.advance(20_000)
    streams[0]?.write('event: gap\ndata: {"detail":"a gap"}\n\n')
    await until(() => remarks.length === 2)
    await clock.advance(20_000)
    expect(remarks).toEqual(['listening', 'a gap'])
    await clock.advance(10_000)
    await until(() => remarks.length === 3)
    expect(remarks[2]).toMatch(/^http:\/\/127\.0\.0\.1:\d+ broke off its answer: nothing came for 30 s; trying again$/)
    await until(() => clock.sleeping > 0)
    await clock.advance(1_000)
    await until(() => streams.length === 2)
    streams[1]?.write(`event: log\ndata: ${JSON.stringify({ id: '1', type: 'log', attributes: { timestamp: '2026-01-01T00:00:00Z', message: 'tick', service: 'web', status: 'info', attributes: {}, tags: [] } })}\n\n`)
    expect(await run).toBe('ok')
    expect(shown[0]).toContain('tick')
  })
})

async function until(holds: () => boolean): Promise<void> {
  const endMs = systemClock.monotonicMs() + 10_000
  while (!holds()) {
    if (systemClock.monotonicMs() > endMs) throw new Error('it did not come about within 10 s')
    await systemClock.sleep(5)
  }
}
