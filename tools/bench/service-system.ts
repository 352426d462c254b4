import { join, sep } from 'node:path'
import { addressOf } from '@millrace/simulator/describe-on'
import { ENGINE_NAMES, type EngineSet } from '../engines/engine.ts'
import { startEngineSet } from '../engines/start-engine-set.ts'
import { folderBytes } from '../process/process-usage.ts'
import { addressesOf } from '../service-set/engine-addresses.ts'
import { SERVICE_NAMES, startServiceSet, type SupervisedService } from '../service-set/service-set.ts'
import type { BenchPart, BenchSystem, DiskShare } from './bench-system.ts'

export interface ServiceSystemOptions {
  /** Must be passable by other users: Elasticsearch runs as one. */
  readonly folder: string
  /** For every service. */
  readonly environment: Readonly<Record<string, string>>
}

/**
 * Every service as a process of its own, on fresh engines; on those of `TEST_KAFKA` and its sisters where all four are set, whose use then stays unknown: others may
 * use them as well.
 */
export async function startServiceSystem({ folder, environment }: ServiceSystemOptions): Promise<BenchSystem> {
  await using starting = new AsyncDisposableStack()
  const given = ENGINE_NAMES.map((name) => ({ name, address: addressOf(name) }))
  const isGiven = given.every(({ address }) => address !== '')
  const engines = isGiven ? undefined : starting.use(await startEngineSet({ folder: join(folder, 'engines') }))
  const set = starting.use(await startServiceSet({ engines: addressesOf(engines?.engines ?? given), folder: join(folder, 'logs'), environment }))
  const resources = starting.move()
  const intake = set.services.find(({ name }) => name === 'intake')
  if (intake === undefined) throw new Error('a set of services has an intake')
  return {
    url: set.url, adminKey: set.adminKey, quietCpuSeconds: QUIET_CPU_SECONDS,
    entrances: [{ name: 'through the gateway', url: set.url }, { name: 'straight to intake', url: intake.url }],
    parts: [...SERVICE_NAMES.map((name) => servicePart(name, set.services)), ...(engines === undefined ? [] : engineParts(engines))],
    async end() {
      await set[Symbol.asyncDispose]()
      const unexpected = set.services.flatMap(({ unexpectedEnds }) => unexpectedEnds)
      if (unexpected.length > 0) throw new Error(`services ended by themselves: ${unexpected.join('; ')}`)
      await Promise.all((engines?.engines ?? []).map((engine) => engine.stop()))
      return engines === undefined ? [] : await diskShares(engines)
    },
    [Symbol.asyncDispose]: async () => await resources.disposeAsync(),
  }
}

/** Ten idle processes with their timers and heartbeats take about half of it. */
const QUIET_CPU_SECONDS = 0.8

function servicePart(name: string, services: readonly SupervisedService[]): BenchPart {
  return { name, kind: 'app', pids: services.flatMap((service) => (service.name === name && service.process !== undefined ? [service.process.pid] : [])) }
}

function engineParts({ engines }: EngineSet): readonly BenchPart[] {
  return engines.map(({ name, pid }) => {
    if (pid === undefined) throw new Error(`${name} does not run`)
    return { name, kind: 'engine', pids: [pid] }
  })
}

/** Of stopped engines, which have written all they held. Redis keeps nothing. */
async function diskShares({ folder }: EngineSet): Promise<readonly DiskShare[]> {
  const sizes = await folderBytes(folder, (path) => shareOf(path) ?? '')
  return [...sizes].filter(([name]) => name !== '').map(([name, bytes]) => ({ name, bytes, isKept: KEPT.test(name) })).sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Sealed bytes and their catalog, and the index: the log and packs go when they are sealed, Cassandra's own log when its tables are written. */
const KEPT = /^(?!cassandra\/(pack_bytes|commitlog)$)(cassandra|elasticsearch)/

/** Undefined of what holds no events: the engines' own tables, logs and programs, and files that are made larger than what is in them. */
function shareOf(path: string): string | undefined {
  const [engine, root, ...rest] = path.split(sep)
  if (root !== 'data') return undefined
  const [first = '', second = '', third = ''] = rest
  switch (engine) {
    case 'kafka': // data/<topic>-<generation>-<partition>/<offset>.log
      return second.endsWith('.log') && !first.startsWith('__') ? `kafka/${first.replace(/-[^-]+-\d+$/, '')}` : undefined
    case 'cassandra': // data/data/<keyspace>/<table>-<id>/… and data/commitlog/…
      if (first === 'commitlog') return 'cassandra/commitlog'
      return first === 'data' && !second.startsWith('system') ? `cassandra/${third.replace(/-[^-]+$/, '')}` : undefined
    case 'elasticsearch':
      return 'elasticsearch'
    default:
      return undefined
  }
}
