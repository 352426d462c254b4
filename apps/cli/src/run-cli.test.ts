import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createSessions, type Sessions } from '@millrace/access/sessions'
import type { Bus } from '@millrace/bus/bus'
import { encodeDeadLetter } from '@millrace/bus/dead-letter'
import { openBus } from '@millrace/bus/open-bus'
import { topicsOf } from '@millrace/bus/topics'
import { openCatalog } from '@millrace/catalog/open-catalog'
import { sessionRoutes } from '@millrace/gateway/session-routes'
import { createRouteTable } from '@millrace/http/match-route'
import { refuse } from '@millrace/http/refuse'
import { deadLetterRoutes } from '@millrace/query/dead-letter-routes'
import { noFailpoints } from '@millrace/runtime/failpoints'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemDisk } from '@millrace/runtime/system-disk'
import { systemRandom } from '@millrace/runtime/system-random'
import type { Surroundings } from './command.ts'
import type { ExitCode } from './exit-code.ts'
import { runCli } from './run-cli.ts'

const topics = topicsOf({ generation: 'g1', partitions: 2 })
const ADMIN_KEY = 'admin-key-of-the-test'
/** A reason that would clear a careless terminal and set its title. */
const HOSTILE = 'bad \u001b[2J\u001b]0;owned\u0007 \u202etxt\u009b'

describe('millrace', () => {
  let folder: string
  let bus: Bus
  let server: Server
  let url: string
  let handle: (request: IncomingMessage, response: ServerResponse) => void
  let sessions: Sessions
  let closing: AsyncDisposableStack
  beforeEach(async () => {
    closing = new AsyncDisposableStack()
    folder = await mkdtemp(join(tmpdir(), 'millrace-cli-'))
    bus = await openBus({ kind: 'embedded', root: `${folder}/bus`, disk: systemDisk, clock: systemClock })
    for (const topic of [topics.batches, topics.deadLetters]) await bus.createTopic(topic, { partitions: topics.partitions })
    const catalog = await openCatalog({ kind: 'sqlite', root: `${folder}/catalog`, disk: systemDisk, clock: systemClock, failpoints: noFailpoints })
    closing.use(catalog)
    await catalog.createTenant({ tenantId: 'team-b', name: 'Team B', retentionDays: 7 })
    sessions = createSessions(catalog, systemClock, systemRandom)
    const find = createRouteTable([...deadLetterRoutes({ bus, topics, clock: systemClock, random: systemRandom }), ...sessionRoutes(catalog, sessions, systemClock)])
    handle = (raw, response) => {
      const at = new URL(raw.url ?? '/', 'http://gateway')
      const match = find(raw.method ?? '', at.pathname)
      if (raw.headers.authorization !== `Bearer ${ADMIN_KEY}`) refuse('millrace', response, { status: 403, code: 'bad-key', detail: 'this API key is not known' })
      else if (match === undefined) refuse('millrace', response, { status: 404, code: 'not-found', detail: 'no such path' })
      else match.route.handle({ raw, url: at, params: match.params, tenantId: '', keyHash: '', receivedMs: 0, signal: new AbortController().signal, isStillAllowed: () => Promise.resolve(true) }, response).catch((error: unknown) => {
        refuse('millrace', response, { status: 400, code: 'bad-request', detail: String(error) })
      })
    }
    server = createServer((raw, response) => {
      handle(raw, response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterEach(async () => {
    server.close()
    server.closeAllConnections()
    await bus[Symbol.asyncDispose]()
    await closing.disposeAsync()
    await rm(folder, { recursive: true })
  })

  const keep = async (partition: number, value: Uint8Array, reason = 'it fails its checksum'): Promise<number> => await bus.append(topics.deadLetters, partition, encodeDeadLetter({ topic: topics.batches, partition, offset: 5, reason }, value))

  async function run(line: string, environment: Surroundings['environment'] = { MILLRACE_URL: url, MILLRACE_ADMIN_KEY: ADMIN_KEY }): Promise<{ readonly code: ExitCode; readonly out: string; readonly about: string }> {
    const out: string[] = []
    const about: string[] = []
    const code = await runCli(line.split(' ').filter((word) => word !== ''), {
      environment, clock: systemClock, random: systemRandom, signal: new AbortController().signal, print: (text) => out.push(text), remark: (text) => about.push(text),
    })
    return { code, out: out.join('\n'), about: about.join('\n') }
  }

  it('lists dead letters as a table and as JSON, over as many pages as it takes', async () => {
    for (let n = 0; n < 105; n++) await keep(n % 2, Uint8Array.of(n), n === 104 ? HOSTILE : undefined)
    const table = await run('dead-letters list --limit 2')
    expect([table.code, table.out.split('\n').length]).toEqual(['ok', 3])
    expect(table.out).toMatch(/^ID +KEPT +TENANT +EVENTS +BYTES +REASON\n0-52 +\d{4}-.* - +- +1 +bad/)
    const [, cursor] = /--cursor (\S+)/.exec(table.about) ?? []
    const rest = JSON.parse((await run(`dead-letters list --limit 200 --json --cursor ${cursor ?? ''}`)).out) as { deadLetters: { id: string }[]; next?: string }
    expect([rest.deadLetters.length, new Set(rest.deadLetters.map(({ id }) => id)).size, rest.next]).toEqual([103, 103, undefined])
    expect((await run('dead-letters list --partition 1 --order oldest --limit 1')).out).toContain('1-0')
  })

  it('shows no character of others that a terminal obeys', async () => {
    await keep(0, Buffer.from('\u001b[2Jevil'), HOSTILE)
    for (const line of ['dead-letters list', 'dead-letters show 0-0', 'dead-letters list --json', 'dead-letters show 0-0 --json']) {
      const { out, code } = await run(line)
      expect([code, /[^\n\x20-\x7e]/u.test(out)]).toEqual(['ok', false])
    }
    expect((await run('dead-letters show 0-0')).out).toContain('bad \\u{1b}[2J')
    expect(JSON.parse((await run('dead-letters show 0-0 --json')).out)).toMatchObject({ reason: HOSTILE })
    const hostile = await run('dead-letters\u001b[2J list')
    expect([hostile.code, hostile.about.includes('\u001b')]).toEqual(['usage', false])
  })

  it('shows a letter with its first bytes, and saves the record into a new file only', async () => {
    const value = Buffer.from(`log\u001b${'x'.repeat(300)}`)
    await keep(1, value)
    const { out, about } = await run('dead-letters show 1-0')
    expect(out).toContain('00000000  6c 6f 67 1b 78')
    expect(out).toContain('|log.xxx')
    expect(about).toContain('48 more bytes')
    const path = `${folder}/record.bin`
    expect((await run(`dead-letters show 1-0 --save ${path}`)).code).toBe('ok')
    expect(await readFile(path)).toEqual(value)
    expect(await run(`dead-letters show 1-0 --save ${path}`)).toMatchObject({ code: 'error', about: expect.stringContaining('exists already') as unknown })
    expect(await run('dead-letters show 1-9')).toMatchObject({ code: 'error', about: 'millrace: 404: no such dead letter: it was never kept, or it was discarded' })
  })

  it('prints an address that opens the page once, for a tenant that exists', async () => {
    const { code, out, about } = await run('sign-in --tenant team-b')
    const [, at, token = ''] = /^(.*)\/#link=(team-b\.[a-z0-9]{40})$/.exec(out) ?? []
    expect([code, at, about]).toEqual(['ok', url, expect.stringMatching(/^it works once, until \d{4}-/)])
    expect(await sessions.openByLink(token)).toMatchObject({ tenantId: 'team-b' })
    expect(await run('sign-in')).toMatchObject({ code: 'error', about: expect.stringContaining('tenant must be the id') as unknown })
    expect(await run('sign-in team-b')).toMatchObject({ code: 'usage' })
  })

  it('replays by id, or all that there are, and tells what became of each', async () => {
    for (const n of [1, 2, 3]) await keep(0, Uint8Array.of(n))
    const some = await run('dead-letters replay 0-1 0-9')
    expect([some.code, some.out]).toEqual(['error', 'ID   OUTCOME   REASON\n0-1  replayed  -\n0-9  absent    no such dead letter'])
    const all = await run('dead-letters replay --all --partition 0 --json')
    expect([all.code, (JSON.parse(all.out) as { outcomes: { id: string; offset: number }[] }).outcomes.map(({ id, offset }) => `${id}@${offset}`)]).toEqual(['ok', ['0-0@1', '0-1@2', '0-2@3']])
    expect(await run('dead-letters replay --all --partition 1')).toMatchObject({ code: 'ok', about: 'there are no dead letters' })
  })

  it('discards up to a letter', async () => {
    for (const n of [1, 2]) await keep(0, Uint8Array.of(n))
    expect(await run('dead-letters discard --through 0-0')).toMatchObject({ code: 'ok', about: 'discarded up to 0-0' })
    expect(await bus.startOffset(topics.deadLetters, 0)).toBe(1)
    expect((await run('dead-letters discard --through 0-0')).code).toBe('error')
  })

  it('takes the key from the environment, a file or an option, and never prints it', async () => {
    await writeFile(`${folder}/key`, `${ADMIN_KEY}\n`)
    expect((await run('dead-letters list', { MILLRACE_URL: url, MILLRACE_ADMIN_KEY_FILE: `${folder}/key` })).code).toBe('ok')
    expect((await run(`dead-letters list --url ${url}/ --key ${ADMIN_KEY}`, {})).code).toBe('ok')
    const answers = [
      await run('dead-letters list', { MILLRACE_URL: url }),
      await run('dead-letters list', { MILLRACE_URL: url, MILLRACE_ADMIN_KEY: 'secret-of-another' }),
      await run('dead-letters list', { MILLRACE_URL: url, MILLRACE_ADMIN_KEY: 'secret\nbroken' }),
    ]
    for (const { code, about } of answers) expect([code, about.includes('secret')]).toEqual(['auth', false])
    expect((await run('dead-letters list', { MILLRACE_URL: url, MILLRACE_ADMIN_KEY_FILE: `${folder}/none` })).code).toBe('usage')
  })

  it('tells a server that cannot answer now from one that refuses', async () => {
    handle = (_, response) => {
      refuse('millrace', response, { status: 503, code: 'unavailable', detail: 'the catalog does not answer', retryAfterS: 2 })
    }
    expect(await run('dead-letters list')).toMatchObject({ code: 'unavailable', about: 'millrace: 503: the catalog does not answer (try again in 2 s)' })
    handle = (_, response) => {
      response.end('<html>')
    }
    expect(await run('dead-letters list')).toMatchObject({ code: 'error', about: expect.stringContaining('not JSON') as unknown })
    handle = (_, response) => {
      response.end('{"deadLetters":[{}]}')
    }
    expect((await run('dead-letters list')).code).toBe('error')
    server.close()
    server.closeAllConnections()
    expect(await run('dead-letters list')).toMatchObject({ code: 'unavailable', about: expect.stringContaining(`${url} does not answer: `) as unknown })
  })

  it('names the nearest command or option for one that it does not know', async () => {
    expect(await run('dead-leters list')).toMatchObject({ code: 'usage', about: expect.stringContaining('did you mean "dead-letters list"?') as unknown })
    expect(await run('dead-letters lsit')).toMatchObject({ code: 'usage', about: expect.stringContaining('did you mean "dead-letters list"?') as unknown })
    expect(await run('dead-letters list --limt 3')).toMatchObject({ code: 'usage', about: expect.stringContaining('did you mean --limit?') as unknown })
    for (const line of ['dead-letters list --limit', 'dead-letters list --limit x', 'dead-letters list --output xml', 'dead-letters list --__proto__ x', 'dead-letters list --limit 1 --limit 2', 'dead-letters show', 'dead-letters replay', 'dead-letters replay 0-1 --all', 'dead-letters replay --all=no', 'dead-letters discard 0-1', 'dead-letters list --url ftp://x']) {
      expect([line, (await run(line)).code]).toEqual([line, 'usage'])
    }
  })

  it('helps', async () => {
    expect(await run('')).toMatchObject({ code: 'ok', out: expect.stringContaining('dead-letters replay') as unknown })
    expect(await run('--help')).toMatchObject({ code: 'ok', out: expect.stringContaining('dead-letters replay') as unknown })
    expect(await run('dead-letters replay --help')).toMatchObject({ code: 'ok', out: expect.stringContaining('millrace dead-letters replay 3-120 3-121') as unknown })
    expect(await run('dead-letters')).toMatchObject({ code: 'usage', out: '', about: expect.stringContaining('dead-letters show') as unknown })
    expect((await run('--verbose')).code).toBe('usage')
  })

  it('is a program whose exit code says how it went', async () => {
    await keep(0, Uint8Array.of(1))
    const program = async (...words: string[]): Promise<{ readonly code: unknown; readonly out: string }> => {
      const env = { ...process.env, MILLRACE_URL: url, MILLRACE_ADMIN_KEY: ADMIN_KEY }
      return await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'main.ts'), ...words], { env }).then(
        ({ stdout }) => ({ code: 0, out: stdout }),
        (error: { readonly code: unknown; readonly stdout: string }) => ({ code: error.code, out: error.stdout }),
      )
    }
    expect(await program('dead-letters', 'list')).toEqual({ code: 0, out: expect.stringContaining('0-0') as unknown })
    expect(await program('dead-letters', 'list', '--key', 'another')).toEqual({ code: 4, out: '' })
    expect(await program('dead-letters', 'burn')).toEqual({ code: 2, out: '' })
  })
})
