import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const DRAIN_DELAY_MS = 600
/** As the service has it, and a second to end. */
const END_MS = 19_000
/** A process that starts on a busy machine. */
const START_TIMEOUT_MS = 30_000

interface Started {
  readonly child: ChildProcess
  readonly url: string
  readonly ended: Promise<readonly [code: number | null, signal: string | null]>
  /** What it has logged. */
  readonly log: () => string
}

async function start(...args: readonly string[]): Promise<Started> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'test-service.ts'), ...args], {
    env: { ...process.env, MILLRACE_HTTP_HOST: '127.0.0.1', MILLRACE_HTTP_PORT: '0', MILLRACE_DRAIN_DELAY_MS: String(DRAIN_DELAY_MS) }, stdio: ['ignore', 'ignore', 'pipe'],
  })
  let log = ''
  child.stderr.on('data', (chunk: Buffer) => { log += chunk.toString('utf8') })
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>
  while (!log.includes('"ready"')) await Promise.race([once(child.stderr, 'data'), ended.then(() => { throw new Error(log) })])
  return { child, url: `http://127.0.0.1:${/"port":(\d+)/.exec(log)?.[1] ?? ''}`, ended, log: () => log }
}

describe('a service that is told to end', () => {
  it('is no longer ready, serves on for the drain delay, lets a request end that began in it, and ends with 0', async () => {
    const { child, url, ended } = await start()
    expect((await fetch(`${url}/readyz`)).status).toBe(200)
    child.kill('SIGTERM')
    while ((await fetch(`${url}/readyz`)).status !== 503);
    const quick = await fetch(`${url}/quick`)
    expect([quick.status, quick.headers.get('connection')]).toEqual([200, 'close'])
    const slow = await fetch(`${url}/slow`) // longer than the delay and the work that ends behind it
    expect(slow.status).toBe(200)
    expect(await ended).toEqual([0, null])
    await expect(fetch(`${url}/quick`)).rejects.toThrow()
  }, START_TIMEOUT_MS)

  it('goes on serving beyond the drain delay while somebody has not heard of it, and ends once nobody asks', async () => {
    const { child, url, ended } = await start()
    child.kill('SIGTERM')
    const fromMs = performance.now()
    let asked = 0
    for (; performance.now() - fromMs < 2 * DRAIN_DELAY_MS; asked++) expect((await fetch(`${url}/quick`)).status).toBe(200)
    expect(asked).toBeGreaterThan(10)
    expect(await ended).toEqual([0, null])
  }, START_TIMEOUT_MS)

  it('ends also when requests never cease', async () => {
    const { child, url, ended } = await start()
    child.kill('SIGTERM')
    let isUp = true
    while (isUp) isUp = await fetch(`${url}/quick`).then(() => true, () => false)
    expect(await ended).toEqual([0, null])
  }, START_TIMEOUT_MS)

  it('twice ends at once', async () => {
    const { child, url, ended } = await start()
    child.kill('SIGTERM')
    while ((await fetch(`${url}/readyz`)).status !== 503);
    child.kill('SIGTERM')
    expect(await ended).toEqual([143, null])
  }, START_TIMEOUT_MS)
})

describe('a service whose work fails', () => {
  it('ends with 1 and tells why, also when something never closes', async () => {
    const { ended, log } = await start('work-fails')
    expect(await ended).toEqual([1, null])
    expect(log()).toContain('the service did not end by itself in time')
    expect(log()).toContain('the work broke')
  }, START_TIMEOUT_MS + END_MS)
})
