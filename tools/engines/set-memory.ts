import { existsSync, readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EngineName } from '@millrace/simulator/describe-on'
import { DEFAULT_HEAPS, DEFAULT_PORTS, type EngineHeaps } from './engine-settings.ts'
import type { EnginesCommand, Way } from './read-command.ts'

/** How a set was last started, kept in its folder: `down` and `status` need not be told again. */
export interface SetMemory {
  readonly ports: Readonly<Record<EngineName, number>>
  readonly heaps: EngineHeaps
  readonly way: Way | undefined
}

/** What the command says, else what the set remembers, else the defaults. */
export function recallSet(folder: string, { ports, heaps, way }: Pick<EnginesCommand, 'ports' | 'heaps' | 'way'>): SetMemory {
  const file = join(folder, FILE)
  const last = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Partial<SetMemory>) : {} // written by `rememberSet` alone
  return { ports: { ...DEFAULT_PORTS, ...last.ports, ...ports }, heaps: { ...DEFAULT_HEAPS, ...last.heaps, ...heaps }, way: way ?? last.way }
}

/** The ports at which the set was last started, or would be. */
export function rememberedPorts(folder: string): SetMemory['ports'] {
  return recallSet(folder, { ports: {}, heaps: {}, way: undefined }).ports
}

export async function rememberSet(folder: string, memory: SetMemory): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, FILE), JSON.stringify(memory, undefined, 2))
}

const FILE = 'set.json'
