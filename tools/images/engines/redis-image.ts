import { spawnSync } from 'node:child_process'
import { copyFile, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { realpathSync } from 'node:fs'
import { installRedis } from '../../engines/redis-node.ts'
import { copyLibraries } from './copy-programs.ts'
import { SCRIPTS, type EngineImage } from './engine-image.ts'

/** The Redis of this machine's distribution, and so of another minor version than the name of the image says: its label tells which. */
export const redisImage: EngineImage = {
  name: 'redis',
  user: { name: 'redis', id: 999, groupId: 999 },
  ownFolders: ['/data'],
  environment: {},
  workFolder: '/data',
  entrypoint: ['docker-entrypoint.sh'],
  command: ['redis-server'],
  async layOut(root, programs) {
    const { command, env = {} } = await installRedis(programs)
    for (const folder of ['usr/bin', 'usr/local/bin']) await mkdir(join(root, folder), { recursive: true })
    for (const name of ['redis-server', 'redis-cli']) {
      const program = join(dirname(command), name)
      await copyFile(realpathSync(program), join(root, 'usr/bin', name))
      await copyLibraries(root, [program], { env, prefix: join(programs, 'redis') })
    }
    await copyFile(join(SCRIPTS, 'redis-entrypoint.sh'), join(root, 'usr/local/bin/docker-entrypoint.sh'))
    const { stdout } = spawnSync(command, ['--version'], { encoding: 'utf8', env: { ...process.env, ...env } })
    return `Redis ${/v=(\S+)/.exec(stdout)?.[1] ?? 'of unknown version'} of this distribution`
  },
}
