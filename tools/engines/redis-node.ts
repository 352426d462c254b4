import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { EngineError } from './engine.ts'
import { installWhole, runInstaller } from './install-maven.ts'
import type { NodeOptions, NodePlan } from './node-plan.ts'

/** The redis-server of the PATH where there is one, else that of the distribution, unpacked into the folder, which needs no root. */
export function planRedisNode({ folder, programs, settings }: NodeOptions): NodePlan {
  return {
    name: 'redis', folder, settings,
    async prepare() {
      const program = await installRedis(programs)
      await mkdir(folder, { recursive: true })
      return { ...program, args: redisArgs(settings.ports.redis, folder) }
    },
  }
}

/** Redis holds only what may be forgotten: it writes nothing, and at its limit refuses rather than evicts a counter that is in use. */
export function redisArgs(port: number, folder: string): readonly string[] {
  return ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no', '--maxmemory', MAX_MEMORY, '--maxmemory-policy', 'volatile-lru', '--dir', folder]
}

/** Far above what tests and a development system keep there. */
const MAX_MEMORY = '512mb'

export interface RedisProgram {
  readonly command: string
  readonly env?: Readonly<Record<string, string>>
}

/** That of the PATH where there is one, else the distribution's. */
export async function installRedis(programs: string): Promise<RedisProgram> {
  return findOnPath('redis-server') ?? (await unpackRedis(join(programs, 'redis')))
}

function findOnPath(name: string): RedisProgram | undefined {
  const command = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name)).find((path) => existsSync(path))
  return command === undefined ? undefined : { command }
}

async function unpackRedis(folder: string): Promise<RedisProgram> {
  if (findOnPath('apt-get') === undefined) throw new EngineError('redis-server is not on the PATH, and this system has no apt-get to fetch it with: install Redis 7 or newer')
  await installWhole(folder, async (partial) => {
    await runInstaller(partial, 'apt-get', ['-qq', 'download', ...DEBIAN_PACKAGES], 'Redis 7 or newer')
    for (const name of readdirSync(partial).filter((file) => file.endsWith('.deb'))) await runInstaller(partial, 'dpkg', ['-x', name, '.'], 'Redis 7 or newer')
  })
  const libraries = readdirSync(join(folder, 'usr/lib')).filter((name) => name.includes('-linux-')).map((name) => join(folder, 'usr/lib', name))
  const program = { command: join(folder, 'usr/bin/redis-server'), env: { LD_LIBRARY_PATH: libraries.join(':') } }
  const { status, stderr } = spawnSync(program.command, ['--version'], { encoding: 'utf8', env: { ...process.env, ...program.env } })
  if (status !== 0) throw new EngineError(`the redis-server of this distribution does not run from ${folder}: install it with apt-get install redis-server${stderr === '' ? '' : `\n${stderr}`}`)
  return program
}

/** The server and the libraries that a bare system lacks. */
const DEBIAN_PACKAGES = ['redis-server', 'redis-tools', 'liblzf1', 'libjemalloc2']
