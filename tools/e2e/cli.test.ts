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
})
