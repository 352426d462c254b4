import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Counter, Registry } from '@millrace/telemetry/metrics'
import { createMetricsListener } from './metrics-listener.ts'

describe('a port for figures', () => {
  async function ask(registry: Registry): Promise<{ readonly status: number; readonly text: string }> {
    const server = createServer(createMetricsListener(registry))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`, { headers: { connection: 'close' } })
      return { status: answer.status, text: await answer.text() }
    } finally {
      await new Promise((resolve) => server.close(resolve))
    }
  }

  it('answers what was counted', async () => {
    const registry = new Registry()
    new Counter({ name: 'millrace_turns_total', help: 'Turns.', registers: [registry] }).inc(3)
    expect(await ask(registry)).toEqual({ status: 200, text: expect.stringContaining('millrace_turns_total 3') as string })
  })

  it('says that a figure cannot be taken, and nothing of why', async () => {
    const registry = new Registry()
    new Counter({ name: 'millrace_broken_total', help: 'Broken.', registers: [registry], collect: () => { throw new Error('no figure today') } })
    expect(await ask(registry)).toEqual({ status: 500, text: 'the figures cannot be read\n' })
  })
})
