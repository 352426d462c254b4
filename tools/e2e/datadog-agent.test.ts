import { gzipSync } from 'node:zlib'
import { openTestSystem, START_TIMEOUT_MS, type TestSystem } from './test-system.ts'

describe('what a Datadog agent posts besides logs', () => {
  let millrace: TestSystem
  beforeAll(async () => {
    millrace = await openTestSystem({ kind: 'standalone' })
  }, START_TIMEOUT_MS)
  afterAll(async () => {
    await millrace[Symbol.asyncDispose]()
  }, START_TIMEOUT_MS)

  it.each([
    ['/api/v1/series', '{"status":"ok"}', 'metrics'], ['/api/v2/series', '{"errors":[]}', 'metrics'], ['/api/beta/sketches', '{}', 'metrics'], ['/api/v1/check_run', '{"status":"ok"}', 'checks'],
    ['/intake/', '{"status":"ok"}', 'metadata'], ['/api/v1/metadata', '{"status":"ok"}', 'metadata'], ['/api/v2/agenthealth', '{"status":"ok"}', 'metadata'], ['/api/v1/collector', '{"status":"ok"}', 'processes'],
  ])('%s is answered as Datadog does, and counted as thrown away', async (path, reply, kind) => {
    const counted = async (): Promise<number> => {
      const text = await (await fetch(`${millrace.url}/metrics`)).text()
      return Number(new RegExp(`millrace_intake_discarded_requests_total\\{kind="${kind}",[^}]*\\} (\\d+)`).exec(text)?.[1] ?? 0)
    }
    const before = await counted()
    for (const [body, headers] of [['', {}], ['{}', {}], [gzipSync('{"series":[]}'), { 'content-encoding': 'gzip' }]] as const) {
      const answer = await millrace.post(path, body, headers)
      expect([answer.status, await answer.text()]).toEqual([202, reply])
    }
    expect(await counted() - before).toBe(3)
    expect((await millrace.post(path, '{}', { 'dd-api-key': 'wrong' })).status).toBe(403)
    expect((await millrace.post(path, new Uint8Array(17 * 1024 * 1024))).status).toBe(413)
  })

  it('finds its probes answered, and is told to use an older form of a payload', async () => {
    expect(await (await millrace.get('/api/v1/validate')).json()).toEqual({ valid: true })
    expect((await fetch(`${millrace.url}/support/flare`, { method: 'HEAD', headers: { 'dd-api-key': millrace.key } })).status).toBe(200)
    expect((await millrace.post('/api/intake/metrics/v3/series', '')).status).toBe(404)
  })
})
