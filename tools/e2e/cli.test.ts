import { runMillrace, type MillraceRun } from './run-millrace.ts'
import { openTestSystem, START_TIMEOUT_MS, type TestSystem } from './test-system.ts'

describe('millrace on a running system', () => {
  let millrace: TestSystem
  beforeAll(async () => {
    millrace = await openTestSystem()
  }, START_TIMEOUT_MS)
  afterAll(async () => {
    await millrace[Symbol.asyncDispose]()
  }, START_TIMEOUT_MS)

  const run = async (line: string): Promise<MillraceRun> => await runMillrace(line, { MILLRACE_URL: millrace.url, MILLRACE_API_KEY: millrace.key, MILLRACE_ADMIN_KEY: millrace.adminKey })

  it('check sends one event and finds it', async () => {
    const { code, out } = await run('check --json')
    expect(code).toBe('ok')
    const { id, acknowledgedMs, foundMs } = JSON.parse(out) as { readonly id: string; readonly acknowledgedMs: number; readonly foundMs: number }
    expect(foundMs).toBeGreaterThanOrEqual(acknowledgedMs)
    expect((await millrace.search(`@check_id:${id}`)).map(({ attributes }) => [attributes.service, attributes.message])).toEqual([['millrace-check', `millrace check ${id}`]])
    expect((await run('check')).out).toMatch(/^event [a-z0-9]{20}: acknowledged after \d+ ms, found after \d+ ms$/)
    expect((await run('check --key another')).code).toBe('auth')
  }, START_TIMEOUT_MS)

  it('status tells who is ready and what waits', async () => {
    const { code, out, about } = await run('status --json')
    const { services, pipeline } = JSON.parse(out) as { readonly services: readonly object[]; readonly pipeline: { readonly behindSeconds: number; readonly partitions: readonly object[] } }
    expect([code, about, services]).toEqual(['ok', '', [expect.objectContaining({ name: 'gateway', isReady: true, url: millrace.url })]])
    expect(pipeline.partitions.length).toBeGreaterThan(0)
    expect(pipeline.behindSeconds).toBeLessThan(10)
    const away = await run('status --services intake=http://127.0.0.1:9')
    expect([away.code, away.about]).toEqual(['error', 'intake is not ready'])
    expect(away.out).toMatch(/^SERVICE +READY +VERSION +ADDRESS +CHECKS\ngateway +yes .*\nintake +no .*does not answer/)
    expect((await run('status --services intake')).code).toBe('usage')
    const nowhere = await run('status --url http://127.0.0.1:9')
    expect([nowhere.code, nowhere.out, nowhere.about]).toEqual(['unavailable', expect.stringMatching(/\ngateway +no /), expect.stringContaining('gateway is not ready')])
  }, START_TIMEOUT_MS)

  it('query prints events for people and for programs, up to a limit or all', async () => {
    const lines = Array.from({ length: 1_200 }, (_, n) => JSON.stringify({ service: 'cli-query', status: n === 0 ? 'error' : 'info', message: `line ${n}\u001b[2J`, exact: 1 }).replace('"exact":1', '"exact":1.0000000000000000001'))
    await millrace.searchable(await millrace.send(lines.join('\n')))
    const table = await run('query service:cli-query status:error')
    expect([table.code, table.about]).toEqual(['ok', ''])
    expect(table.out).toMatch(/^\d{4}-\S+Z  error {5}cli-query {9}line 0\\u\{1b\}\[2J$/)
    const some = await run('query service:cli-query --limit 3 --json')
    expect([some.code, some.out.split('\n').length, some.about]).toEqual(['ok', 3, '3 of 1200: --limit or --all for more'])
    expect(some.out).toContain('1.0000000000000000001')
    const all = await run('query service:cli-query --all --order oldest --json')
    const found = all.out.split('\n').map((line) => (JSON.parse(line) as { readonly attributes: { readonly message: string } }).attributes.message)
    expect([all.code, new Set(found).size]).toEqual(['ok', 1_200])
    expect(all.out).not.toContain('\u001b')
    expect(await run('query absent --from 2001-01-01T00:00:00Z --to 2001-01-02T00:00:00Z')).toEqual({ code: 'ok', out: '', about: '' })
    expect(await run('query --limit 2 -- -service:cli-query')).toMatchObject({ code: 'ok' })
    for (const line of ['query ( --all', 'query (']) expect([line, (await run(line)).code]).toEqual([line, 'error'])
    for (const line of ['query --all --limit 3', 'query --order oldest', 'query --limit 0']) expect([line, (await run(line)).code]).toEqual([line, 'usage'])
  }, START_TIMEOUT_MS)

  it('tail shows events as they come, and ends when it is told to', async () => {
    const environment = { MILLRACE_URL: millrace.url, MILLRACE_API_KEY: millrace.key }
    const ended = new AbortController()
    let feeding = true
    const feed = (async () => {
      while (feeding) {
        await millrace.send('{"service":"cli-tail","message":"tick"}')
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    })()
    const three = await runMillrace('tail service:cli-tail --limit 3', environment)
    expect([three.code, three.about]).toEqual(['ok', 'listening'])
    expect(three.out.split('\n')).toHaveLength(3)
    expect(three.out).toContain('tick')
    const until = await runMillrace('tail service:cli-tail --json', environment, { signal: ended.signal, watch: () => { ended.abort() } })
    expect([until.code, JSON.parse(until.out.split('\n')[0] ?? '')]).toEqual(['ok', expect.objectContaining({ type: 'log' })])
    feeding = false
    await feed
    expect((await run('tail (')).code).toBe('error')
  }, START_TIMEOUT_MS)

  it('tenants are made, listed and shown; a retention is shortened only where that is meant', async () => {
    const made = JSON.parse((await run('tenants create cli-made --retention-days 9 --json')).out) as { readonly apiKey: string }
    expect((await run(`check --key ${made.apiKey}`)).code).toBe('ok')
    expect((await run('tenants list')).out).toMatch(/^ID +NAME +RETENTION\n(?:.*\n)*cli-made +cli-made +9 days/)
    expect(JSON.parse((await run('tenants show cli-made --json')).out)).toEqual({ tenantId: 'cli-made', name: 'cli-made', retentionDays: 9 })
    const refused = await run('tenants set-retention cli-made --days 3')
    expect([refused.code, refused.about]).toEqual(['usage', expect.stringContaining('cli-made keeps 9 days')])
    expect((await run('tenants set-retention cli-made --days 3 --shorten')).out).toBe('cli-made keeps 3 days now, 9 before; it works within 10 s')
    expect((await run('tenants set-retention cli-made --days 30')).code).toBe('ok')
    expect((await run('tenants show nobody')).about).toBe('millrace: 404: no such tenant')
    for (const line of ['tenants show', 'tenants create', 'tenants set-retention cli-made', 'tenants set-retention cli-made --days 0']) expect([line, (await run(line)).code]).toEqual([line, 'usage'])
    const { out } = await run('usage --tenant cli-made --by service')
    expect(out).toMatch(/^TENANT +DAY +SERVICE +EVENTS +BYTES\ncli-made +\d{4}-\d\d-\d\d +millrace-check +1 +\d+$/)
    expect(JSON.parse((await run('usage --json')).out)).toMatchObject({ tenants: expect.arrayContaining([expect.objectContaining({ tenant: 'cli-made', complete: true })]) as unknown })
  }, START_TIMEOUT_MS)

  it('keys are made, listed and revoked', async () => {
    await run('tenants create cli-keys')
    const { out: key, about } = await run('keys create --tenant cli-keys --name agents --scopes ingest')
    expect([key, about]).toEqual([expect.stringMatching(/^mr_[a-z0-9]{40}$/), expect.stringContaining('only time')])
    const listed = await run('keys list --tenant cli-keys')
    const [, id = ''] = /^([0-9a-f]{16}) +agents +ingest +\d{4}-/m.exec(listed.out) ?? []
    expect([id === '', listed.out.includes(key)]).toEqual([false, false])
    expect(await run(`keys revoke ${id} --tenant cli-keys`)).toMatchObject({ code: 'ok', out: '' })
    expect((await run(`keys revoke ${id} --tenant cli-keys`)).code).toBe('error')
    expect((await run('keys list --tenant cli-keys')).out).not.toContain(id)
    expect(JSON.parse((await run('keys create --admin --json')).out)).toMatchObject({ scopes: ['admin'] })
    for (const line of ['keys list --admin --tenant x', 'keys create --scopes admin', 'keys create --admin --scopes ingest', 'keys revoke']) expect([line, (await run(line)).code]).toEqual([line, 'usage'])
  }, START_TIMEOUT_MS)

  it('doctor sends an event through and finds no problem', async () => {
    const { code, out, about } = await run('doctor gateway machine')
    expect([code, about]).toEqual(['ok', 'no problem was found'])
    expect(out).toMatch(/ok {7}gateway {8}an event was acknowledged after \d+ ms and found after \d+ ms/)
    const wrongKey = await run('doctor gateway --key another')
    expect([wrongKey.code, wrongKey.out]).toEqual(['error', expect.stringContaining('because: 403')])
  }, START_TIMEOUT_MS)
})
