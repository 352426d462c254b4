import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rsyslogConfiguration } from './demo/configurations.ts'

const root = join(import.meta.dirname, '..')
/** A cold start compiles nothing, but two cores may be busy. */
const START_TIMEOUT_MS = 60_000

/**
 * Runs the README's shell blocks from top to bottom, as a reader would: `npm start` stays in the foreground of its own terminal, `mr_...` stands for a key that it
 * printed, and only the port and the data folder differ. `npm test` is the run that this test is part of.
 */
describe('the README', () => {
  let dataFolder: string
  let port: number
  const running: ChildProcess[] = []
  beforeAll(async () => {
    dataFolder = await mkdtemp(join(tmpdir(), 'millrace-readme-'))
    port = await freePort()
  })
  afterAll(async () => {
    for (const child of running) await ended(child)
    await rm(dataFolder, { recursive: true, force: true })
  })

  it('is true, word for word', async () => {
    const blocks = [...(await readFile(join(root, 'README.md'), 'utf8')).matchAll(/```sh\n(.*?)```/gs)].map(([, block = '']) => block)
    expect(blocks.length).toBeGreaterThanOrEqual(5)
    const environment = { ...process.env, MILLRACE_HTTP_PORT: String(port), MILLRACE_OTLP_GRPC_PORT: '0', MILLRACE_DATA_DIR: dataFolder, NX_DAEMON: 'false' }
    const start = async (command: string): Promise<string> => {
      const child = spawn('sh', ['-c', `exec ${command}`], { cwd: root, env: environment, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
      running.push(child)
      return await printed(child, /#link=/)
    }
    const welcome = await start('npm start')
    const keys = { KEY: /API key +(\S+)/.exec(welcome)?.[1] ?? '', ADMIN: /Admin key +(\S+)/.exec(welcome)?.[1] ?? '' }
    expect(keys.KEY).toMatch(/^mr_/)

    // The line that is printed for pasting works as well as the one in the text.
    const [pasted = ''] = /curl .*\/v1\/events .*/.exec(welcome) ?? []
    expect(JSON.parse(await output(pasted, environment))).toMatchObject({ accepted: 1 })

    let session = ''
    const answers: string[] = []
    for (const line of blocks.join('\n').split('\n').filter((text) => text.trim() !== '')) {
      if (line === 'npm start' || line === 'npm test') continue
      if (line === 'npx nx serve standalone') {
        for (const child of running.splice(0)) await ended(child)
        expect(await start(line)).toContain('Its keys were printed')
      } else if (/^[A-Z]+=mr_/.test(line)) session += line.replace(/=mr_\S+.*/, (_, offset: number) => `=${keys[line.slice(0, offset) as keyof typeof keys]}\n`)
      else answers.push(await output(session + line.replaceAll('localhost:8080', `localhost:${port}`), environment))
    }
    const json = answers.filter((text) => text !== '').map((text) => JSON.parse(text) as unknown)
    expect(json).toMatchObject([
      { accepted: 1 },
      { data: [{ attributes: { message: 'hello from curl', service: 'web', status: 'info' } }, {}], meta: { complete: true } },
      { name: 'team-b', retentionDays: 7, apiKey: expect.stringMatching(/^mr_/) as unknown },
      { data: { buckets: [{ by: { status: 'info' }, computes: { c0: 2 } }] } },
    ])
  }, START_TIMEOUT_MS * 3)

  it('tells rsyslog what the demo tells it, which counts every line', async () => {
    const [, block = ''] = /```\n(# \/etc\/rsyslog.*?)```/s.exec(await readFile(join(root, 'README.md'), 'utf8')) ?? []
    const proven = rsyslogConfiguration({ folder: '/f', port: 8080, apiKey: '<key>', files: [] })
    const settings = block.match(/(?:property\(.*\)|module\(.*\)|template\(.*\)|(?:uid|pwd|template|searchType|bulkmode)="[^"]*")/g) ?? []
    expect(settings.length).toBeGreaterThan(10)
    for (const setting of settings) expect(proven).toContain(setting)
  })

  it('names only commands and folders that exist', async () => {
    const text = await readFile(join(root, 'README.md'), 'utf8')
    const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
    for (const [, script = ''] of text.matchAll(/`npm run ([a-z0-9:]+)/g)) expect(Object.keys(scripts)).toContain(script)
    for (const [, path = ''] of text.matchAll(/\]\(([^)#]+)\)/g)) if (!path.startsWith('http')) await readFile(join(root, path), 'utf8')
    for (const [, folder = ''] of text.matchAll(/`((?:apps|libs|docs|charts)\/[a-z-]+)`/g)) expect((await stat(join(root, folder))).isDirectory()).toBe(true)
  })
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** What a process printed until a text of this form. */
async function printed(child: ChildProcess, form: RegExp): Promise<string> {
  return await new Promise((resolve, reject) => {
    let text = ''
    const timeout = setTimeout(() => {
      reject(new Error(`not printed in time; instead: ${text}`))
    }, START_TIMEOUT_MS)
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8')
      if (!form.test(text)) return
      clearTimeout(timeout)
      resolve(text)
    })
    child.on('exit', (code) => {
      clearTimeout(timeout)
      reject(new Error(`ended with ${code}: ${text}`))
    })
  })
}

async function output(script: string, environment: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn('sh', ['-c', script], { cwd: root, env: environment, stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8')
  })
  return await new Promise((resolve) => child.on('close', () => {
    resolve(text)
  }))
}

/** Asks the whole group of a command to end, and waits for it. */
async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const exit = new Promise((resolve) => child.on('exit', resolve))
  process.kill(-child.pid, 'SIGTERM')
  await exit
}
