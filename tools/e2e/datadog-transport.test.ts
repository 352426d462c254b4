import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { promisify } from 'node:util'
import { waitFor, type FoundEvent } from './test-client.ts'
import { openTestSystem, START_TIMEOUT_MS } from './test-system.ts'

const run = promisify(execFile)
const DATADOG_HOST = 'http-intake.logs.datadoghq.com'

describe('datadog-winston, which knows no host but Datadog’s and no way but TLS,', () => {
  it('delivers through a proxy that has a certificate for that name', async () => {
    await using millrace = await openTestSystem()
    const folder = await mkdtemp(join(tmpdir(), 'millrace-tls-'))
    const [keyFile, certificateFile] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')]
    await run('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', `/CN=${DATADOG_HOST}`, '-addext', `subjectAltName=DNS:${DATADOG_HOST}`, '-keyout', keyFile, '-out', certificateFile])
    const proxy = createServer({ key: await readFile(keyFile), cert: await readFile(certificateFile) }, (client) => {
      const server = connect(Number(new URL(millrace.url).port), '127.0.0.1')
      client.pipe(server).pipe(client)
      for (const socket of [client, server]) socket.on('error', () => { client.destroy(); server.destroy() })
    })
    proxy.listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    try {
      const { port } = proxy.address() as AddressInfo
      await run(process.execPath, [join(import.meta.dirname, 'log-by-datadog-winston.ts'), millrace.key, String(port)], { env: { ...process.env, NODE_EXTRA_CA_CERTS: certificateFile }, timeout: SENDER_TIMEOUT_MS })
      let events: readonly FoundEvent[] = []
      await waitFor(async () => (events = await millrace.search('service:dd-winston')).length === 2)
      const first = events.find(({ attributes }) => attributes.message === 'by datadog-winston')
      expect(first?.attributes).toMatchObject({ status: 'warn', host: 'h7', source: 'nodejs', attributes: { user: 7 } })
      expect([...first?.attributes.tags ?? []].sort()).toEqual(['env:test', 'team:data'])
      expect(events.find(({ attributes }) => attributes.message === 'and another')?.attributes.status).toBe('error')
    } finally {
      proxy.close()
      await rm(folder, { recursive: true, force: true })
    }
  }, START_TIMEOUT_MS)
})

/** It ends by itself once both answers came. */
const SENDER_TIMEOUT_MS = 30_000
