import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EngineError } from './engine.ts'
import { DEFAULT_HEAPS, planFreePorts, type EnginePorts } from './engine-settings.ts'
import { closedAncestor } from './elasticsearch-node.ts'
import { createNativeEngine } from './native-engine.ts'
import type { NodePlan } from './node-plan.ts'
import { readUsage } from '../process/process-usage.ts'

/** Answers PING as Redis does, in a child process, as Elasticsearch's server is one. */
const SERVER = `require('node:net').createServer((socket) => socket.on('error', () => {}).on('data', () => socket.write('+PONG\\r\\n'))).listen(Number(process.argv[1]), '127.0.0.1')`
const LAUNCHER = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(SERVER)}, process.argv[1]], { stdio: 'inherit' }); setInterval(() => {}, 1000)`

describe('a native engine', () => {
  let folder = ''
  let ports: EnginePorts
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'native-engine-'))
    ports = await planFreePorts()
  })
  afterEach(async () => {
    await engineOf(LAUNCHER).kill()
    await rm(folder, { recursive: true })
  })
  const planOf = (script: string): NodePlan => ({ name: 'redis', folder, settings: { ports, heaps: DEFAULT_HEAPS }, prepare: () => Promise.resolve({ command: process.execPath, args: ['-e', script, String(ports.redis)] }) })
  const engineOf = (script: string): ReturnType<typeof createNativeEngine> => createNativeEngine(planOf(script))

  it('starts once, works, and is found by another tool', async () => {
    const engine = engineOf(LAUNCHER)
    expect(engine.isRunning()).toBe(false)
    await Promise.all([engine.start(), engine.start()])
    await engine.ready()
    const { pid } = engine
    await engine.start()
    expect(engine.pid).toBe(pid)
    expect(engineOf(LAUNCHER).pid).toBe(pid)
  })

  it.each(['stop', 'kill'] as const)('ends by %s with all that it has started, and starts again on the same port', async (end) => {
    const engine = engineOf(LAUNCHER)
    await engine.start()
    await engine.ready()
    await engine[end]()
    expect(engine.isRunning()).toBe(false)
    expect(engine.pid).toBeUndefined()
    await engine[end]()
    await engine.start()
    await engine.ready()
  })

  it('stands still while it is paused, and can be stopped then', async () => {
    const engine = engineOf('setInterval(() => { for (let i = 0; i < 1e6; i++); }, 1)')
    await engine.start()
    engine.pause()
    const before = readUsage(engine.pid ?? 0).cpuSeconds
    expect(await stateOf(engine.pid)).toBe('T')
    expect(readUsage(engine.pid ?? 0).cpuSeconds).toBe(before)
    engine.resume()
    expect(await stateOf(engine.pid)).not.toBe('T')
    engine.pause()
    await engine.stop()
    expect(engine.isRunning()).toBe(false)
  })

  it('says with the end of its log that it ended by itself', async () => {
    const engine = engineOf(`console.log('no space left'); process.exitCode = 1`)
    await engine.start()
    await expect(engine.ready()).rejects.toThrow(/redis ended by itself[^]*no space left/)
  })

  it('refuses a port that another program has', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(ports.redis, '127.0.0.1', resolve))
    await expect(engineOf(LAUNCHER).start()).rejects.toThrow(new EngineError(`redis cannot start: another program listens at port ${ports.redis}; give it others with --redis-port`))
    await new Promise((resolve) => server.close(resolve))
  })

  it('says when its program is missing', async () => {
    const engine = createNativeEngine({ ...planOf(''), prepare: () => Promise.resolve({ command: join(folder, 'no-such-server'), args: [] }) })
    await expect(engine.start()).rejects.toThrow(EngineError)
    expect(engine.isRunning()).toBe(false)
  })

  it('names the folder that another user cannot pass', async () => {
    expect(closedAncestor(join(folder, 'elasticsearch'))).toBe(folder)
    await chmod(folder, 0o755)
    expect(closedAncestor(join(folder, 'elasticsearch'))).toBeUndefined()
  })
})

async function stateOf(pid: number | undefined): Promise<string | undefined> {
  return /^State:\s+(\w)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]
}
