import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readUsage } from '../process/process-usage.ts'
import { EngineError } from './engine.ts'
import type { EngineWay, WayOptions } from './engine-way.ts'
import { openEngines, startAll, stopAll } from './open-engines.ts'

/** As processes of this machine, with programs from Maven Central and Debian. */
export function createNativeWay({ home, folder, settings, names, say }: WayOptions): EngineWay {
  const set = openEngines({ home, folder, ...settings, names })
  return {
    async up() {
      if (process.platform !== 'linux') throw new EngineError('engines run natively on Linux only: install Docker with its compose plugin')
      const missing = set.engines.filter((engine) => !engine.isRunning())
      if (missing.length > 0) say(`starting ${missing.map(({ name }) => name).join(', ')}; the first time programs are fetched, which takes a minute or two`)
      await startAll(set, (engine, ms) => { say(missing.includes(engine) ? `${engine.name} works at ${engine.address} after ${(ms / 1000).toFixed(1)} s` : `${engine.name} already runs at ${engine.address}`) })
    },
    down: () => stopAll(set),
    async wipe() {
      for (const { name } of set.engines) await rm(join(folder, name), { recursive: true, force: true })
    },
    async running() {
      return await Promise.resolve(new Map(set.engines.flatMap(({ name, pid }) => (pid === undefined ? [] : [[name, `process ${pid}, ${Math.round(readUsage(pid).rssBytes / 2 ** 20)} MiB`]]))))
    },
  }
}
