import { execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createLogger } from 'winston'
import type TransportStream from 'winston-transport'
import { createTestClient, waitFor, type FoundEvent, type TestClient } from './test-client.ts'
import { openTestSystem, START_TIMEOUT_MS, type TestSystem } from './test-system.ts'

const run = promisify(execFile)
/** It comes without types. */
const { Syslog } = createRequire(import.meta.url)('winston-syslog') as { readonly Syslog: new (options: object) => TransportStream & { readonly socket: NodeJS.EventEmitter } }
const isHere = (command: string): boolean => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0
const itWithLogger = isHere('logger') ? it : it.skip
const itWithSyslogNg = isHere('syslog-ng') ? it : it.skip

describe('syslog', () => {
  let millrace: TestSystem
  let reader: TestClient
  beforeAll(async () => {
    millrace = await openTestSystem()
    reader = createTestClient(millrace.url, millrace.syslogKey)
  }, START_TIMEOUT_MS)
  afterAll(async () => {
    await millrace[Symbol.asyncDispose]()
  }, START_TIMEOUT_MS)

  const found = async (query: string, count: number): Promise<readonly FoundEvent[]> => {
    let events: readonly FoundEvent[] = []
    await waitFor(async () => (events = await reader.search(query)).length >= count)
    expect(events.length).toBe(count)
    return events
  }

  it.each([['tcp4', 'RFC5424'], ['udp4', 'BSD']] as const)('comes from winston-syslog over %s as %s', async (protocol, type) => {
    const app = `winston-${protocol}`
    const transport = new Syslog({ host: '127.0.0.1', port: protocol === 'tcp4' ? millrace.syslogTcpPort : millrace.syslogUdpPort, protocol, type: type === 'BSD' ? 'BSD' : '5424', app_name: app, localhost: 'web1', ...(protocol === 'tcp4' ? { eol: '\n' } : {}) })
    const logger = createLogger({ transports: [transport], levels: { error: 0, warning: 1, info: 2 } })
    logger.error('by winston')
    const [event] = await found(`service:${app}`, 1)
    expect(event?.attributes).toMatchObject({ status: 'error', host: 'web1', source: 'syslog', attributes: { syslog: { facility: 'local0' } } })
    expect(event?.attributes.message).toContain('by winston')
    transport.socket.removeAllListeners('close') // it would connect again and again
    logger.close()
  })

  itWithLogger('comes from logger(1), over each transport and in each form', async () => {
    const to = ['-n', '127.0.0.1']
    const tcp = ['-T', '-P', String(millrace.syslogTcpPort)]
    const udp = ['-d', '-P', String(millrace.syslogUdpPort)]
    for (const [n, form] of [[...tcp, '--rfc5424', '--octet-count'], [...tcp, '--rfc5424'], [...tcp, '--rfc3164'], [...udp, '--rfc5424'], [...udp, '--rfc3164']].entries()) {
      await run('logger', [...to, ...form, '-t', 'by-logger', '-p', 'auth.warning', '-i', `message ${n}`])
    }
    const events = await found('service:by-logger', 5)
    expect(events.map(({ attributes }) => attributes.message).sort()).toEqual([0, 1, 2, 3, 4].map((n) => `message ${n}`))
    for (const { attributes } of events) {
      expect(attributes).toMatchObject({ status: 'warn', attributes: { syslog: { facility: 'auth' } } })
      expect(Math.abs(Date.parse(attributes.timestamp) - Date.now())).toBeLessThan(120_000)
    }
  })

  itWithSyslogNg('comes from syslog-ng', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-syslog-ng-'))
    await writeFile(join(folder, 'syslog-ng.conf'), `@version: current
      source s { stdin(flags(no-parse)); };
      destination d { syslog("127.0.0.1" transport("tcp") port(${millrace.syslogTcpPort})); };
      rewrite r { set("by-syslog-ng" value("PROGRAM")); };
      log { source(s); rewrite(r); destination(d); };`)
    const daemon = spawn('syslog-ng', ['-F', '--no-caps', '-f', join(folder, 'syslog-ng.conf'), '-p', join(folder, 'pid'), '-c', join(folder, 'ctl'), '-R', join(folder, 'persist')], { stdio: ['pipe', 'ignore', 'ignore'] })
    try {
      for (let n = 0; n < 100; n++) daemon.stdin.write(`line ${n}\n`)
      const events = await found('service:by-syslog-ng', 100)
      expect(new Set(events.map(({ attributes }) => attributes.message))).toEqual(new Set(Array.from({ length: 100 }, (_, n) => `line ${n}`)))
    } finally {
      daemon.kill('SIGKILL')
      await once(daemon, 'close')
      await rm(folder, { recursive: true })
    }
  })

  it('keeps every message of many connections, in the order of each', async () => {
    await Promise.all([0, 1, 2].map(async (n) => {
      const socket = connect(millrace.syslogTcpPort, '127.0.0.1')
      for (let i = 0; i < 2000; i++) socket.write(`<14>1 - h many - - - ${n} ${i} ${'x'.repeat(100)}\n`)
      socket.end()
      await once(socket, 'close')
    }))
    const events = await found('service:many', 6000)
    expect(new Set(events.map(({ attributes }) => attributes.message?.split(' x')[0])).size).toBe(6000)
  })

  it('is taken over HTTP as well, and counted', async () => {
    const answer = await reader.post('/v1/syslog', '<14>1 - h by-http - - - one\n25 <14>1 - h by-http - - - 2')
    expect([answer.status, await answer.json()]).toEqual([200, { accepted: 2, rejectedCount: 0 }])
    expect((await found('service:by-http', 2)).map(({ attributes }) => attributes.message).sort()).toEqual(['2', 'one'])
    expect(await (await fetch(`${millrace.url}/metrics`)).text()).toMatch(/millrace_syslog_messages_total\{transport="tcp",outcome="received",app="(?:standalone|gateway)"\} \d+/)
  })
})
