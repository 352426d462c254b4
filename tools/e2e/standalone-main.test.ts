import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestClient } from './test-client.ts'

const MAIN = join(import.meta.dirname, '../../apps/standalone/src/main.ts')

interface Started {
  readonly child: ChildProcess
  /** What it has printed, standard output and error together. */
  output(): string
  readonly ended: Promise<number | null>
}

function start(environment: Readonly<Record<string, string>>): Started {
  const child = spawn(process.execPath, [MAIN], { env: { ...process.env, MILLRACE_HTTP_HOST: '127.0.0.1', MILLRACE_HTTP_PORT: '0', MILLRACE_OTLP_GRPC_PORT: '0', ...environment }, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8')
  })
  return { child, output: () => text, ended: new Promise((resolve) => child.on('close', resolve)) }
}

/** The address that it prints once it listens. */
async function listening({ child, output }: Started): Promise<string> {
  return await new Promise((resolve, reject) => {
    child.stdout?.on('data', () => {
      const [, url] = /listens at (\S+)/.exec(output()) ?? []
      if (url !== undefined) resolve(url)
    })
    child.on('close', () => {
      reject(new Error(output()))
    })
  })
}

describe('the standalone process', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-main-'))
  })
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true })
  })

  it('takes its keys from the environment, finds what it is sent, and ends in order when it is asked to', async () => {
    const environment = { MILLRACE_DATA_DIR: folder, MILLRACE_BOOTSTRAP_API_KEY: 'key-of-the-test', MILLRACE_BOOTSTRAP_ADMIN_KEY: 'admin-of-the-test' }
    const first = start(environment)
    const url = await listening(first)
    const client = createTestClient(url, 'key-of-the-test')
    await client.searchable(await client.send('{"message":"through threads and processes"}'))
    expect((await client.search('threads')).length).toBe(1)

    const second = start(environment)
    expect(await second.ended).toBe(1)
    expect(second.output()).toContain(`another process works in ${folder}`)

    const third = start({ ...environment, MILLRACE_DATA_DIR: join(folder, 'other'), MILLRACE_HTTP_PORT: new URL(url).port })
    expect(await third.ended).toBe(1)
    expect(third.output()).toContain('is in use; MILLRACE_HTTP_PORT')

    const unsealed = await client.send('{"message":"just before the end"}')
    expect(unsealed.status).toBe(200)
    first.child.kill('SIGTERM')
    expect(await first.ended).toBe(0)

    const again = start(environment)
    const reopened = createTestClient(await listening(again), 'key-of-the-test')
    await reopened.searchable(unsealed)
    expect((await reopened.search('*')).length).toBe(2)
    again.child.kill('SIGTERM')
    expect(await again.ended).toBe(0)
  }, 60_000)

  it('names a setting that it does not know', async () => {
    const started = start({ MILLRACE_DATA_DIR: join(folder, 'none'), MILLRACE_DATADIR: 'x' })
    expect(await started.ended).toBe(1)
    expect(started.output()).toContain('MILLRACE_DATADIR is not a setting; did you mean MILLRACE_DATA_DIR?')
  })
})
