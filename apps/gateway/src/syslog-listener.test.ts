import { once } from 'node:events'
import { connect } from 'node:net'
import { serveHttp } from '@millrace/http/serve-http'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemRandom } from '@millrace/runtime/system-random'
import { createLog } from '@millrace/telemetry/log'
import { Registry } from '@millrace/telemetry/metrics'
import { openSyslogListener } from './syslog-listener.ts'

describe('the end of taking syslog', () => {
  it('is told to senders, and what they send before they hear of it goes on', async () => {
    let taken = ''
    await using server = await serveHttp({ host: '127.0.0.1', port: 0, clock: systemClock }, (request, response) => {
      request.on('data', (chunk: Buffer) => { taken += chunk.toString('utf8') }).on('end', () => response.end())
    })
    const listener = await openSyslogListener({
      host: '127.0.0.1', tcpPort: 0, udpPort: undefined, apiKey: 'key', httpUrl: `http://127.0.0.1:${server.port}`, clock: systemClock, random: systemRandom, log: createLog('silent'), registry: new Registry(),
    })
    const sender = connect({ host: '127.0.0.1', port: listener.tcpPort ?? 0, allowHalfOpen: true })
    await once(sender, 'connect')
    sender.write('<13>early\n')
    while (!taken.includes('early')) await systemClock.sleep(5)
    const ended = once(sender.resume(), 'end')
    const closed = listener[Symbol.asyncDispose]()
    await ended
    sender.end('<13>at the last moment\n')
    await closed
    expect(taken).toContain('<13>at the last moment')
  })
})
