import { join } from 'node:path'
import { freePort } from '../process/free-port.ts'
import { folderBytes } from '../process/process-usage.ts'
import { startStandalone } from '../process/standalone-process.ts'
import type { BenchSystem } from './bench-system.ts'

/** A fresh standalone: one part, one entrance. */
export async function startStandaloneSystem({ folder, environment }: { readonly folder: string; readonly environment: Readonly<Record<string, string>> }): Promise<BenchSystem> {
  const dataFolder = join(folder, 'data')
  const instance = startStandalone({ port: await freePort(), dataFolder, logFile: join(folder, 'standalone.log'), environment })
  if ((await instance.ready()) === 'ended') throw new Error('the standalone ended at once')
  const { url, pid, adminKey } = instance
  const dispose = async (): Promise<void> => await instance[Symbol.asyncDispose]()
  return {
    url, adminKey, quietCpuSeconds: 0.25, entrances: [{ name: 'standalone', url }], parts: [{ name: 'standalone', kind: 'app', pids: [pid] }],
    async end() {
      await dispose()
      return [...(await folderBytes(dataFolder, groupOf))].map(([name, bytes]) => ({ name, bytes, isKept: !TEMPORARY.has(name) }))
    },
    [Symbol.asyncDispose]: dispose,
  }
}

const TEMPORARY: ReadonlySet<string> = new Set(['bus', 'objects/pack'])

/** The folder of an engine; objects by their kind, which their names begin with. */
function groupOf(path: string): string {
  const [folder = '', , name = ''] = path.split('/')
  return folder === 'objects' ? `objects/${name.split('-')[0]}` : folder
}
