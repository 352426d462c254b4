import { join } from 'node:path'
import type { EngineName } from '@millrace/simulator/describe-on'
import { toolHome } from '../process/tool-home.ts'
import { planCassandraNode } from './cassandra-node.ts'
import { planElasticsearchNode } from './elasticsearch-node.ts'
import { ENGINE_NAMES, EngineError, type Engine, type EngineSet } from './engine.ts'
import { DEFAULT_HEAPS, DEFAULT_PORTS, planPorts, type EngineHeaps, type EnginePorts } from './engine-settings.ts'
import { planKafkaNode } from './kafka-node.ts'
import { createNativeEngine } from './native-engine.ts'
import type { NodeOptions, NodePlan } from './node-plan.ts'
import { planRedisNode } from './redis-node.ts'

export interface OpenEnginesOptions {
  /** Holds the installed programs and the default set; see {@link enginesHome}. */
  readonly home?: string
  /** Holds configuration, data and logs of this set. */
  readonly folder?: string
  readonly ports?: EnginePorts
  readonly heaps?: EngineHeaps
  readonly names?: readonly EngineName[]
}

/** The engines of a folder, running or not. Starts nothing and writes nothing. */
export function openEngines({ home = enginesHome(), folder = setFolderOf(home), ports = planPorts(DEFAULT_PORTS), heaps = DEFAULT_HEAPS, names = ENGINE_NAMES }: OpenEnginesOptions = {}): EngineSet {
  const settings = { ports, heaps }
  const engines = names.map((name) => createNativeEngine(PLANNERS[name]({ folder: join(folder, name), programs: join(home, 'programs'), settings })))
  return { folder, engines }
}

const PLANNERS: Readonly<Record<EngineName, (options: NodeOptions) => NodePlan>> = {
  kafka: planKafkaNode,
  cassandra: planCassandraNode,
  elasticsearch: planElasticsearchNode,
  redis: planRedisNode,
}

/**
 * `ENGINES_HOME`, or a folder of the user's cache: all of it can be had again from the registries. Root's lies outside root's own folder, which the
 * user that Elasticsearch runs as cannot pass.
 */
export function enginesHome(): string {
  return toolHome('ENGINES_HOME', 'engines')
}

/** Where `npm run engines` keeps its set. */
export function setFolderOf(home: string): string {
  return join(home, 'set')
}

/**
 * Starts all at once and waits until each one works, or has failed.
 *
 * @param onReady is told each that works, and how long that took.
 * @throws {EngineError} what went wrong with those that failed; the others run.
 */
export async function startAll({ engines }: EngineSet, onReady: (engine: Engine, ms: number) => void = () => undefined): Promise<void> {
  const startedMs = performance.now()
  const results = await Promise.allSettled(engines.map(async (engine) => {
    await engine.start()
    await engine.ready()
    onReady(engine, performance.now() - startedMs)
  }))
  const failures = results.filter((result) => result.status === 'rejected').map(({ reason }: PromiseRejectedResult) => reason as unknown)
  const surprise = failures.find((failure) => !(failure instanceof EngineError))
  if (surprise !== undefined) throw surprise
  if (failures.length > 0) throw new EngineError(failures.map((failure) => (failure as EngineError).message).join('\n'))
}

/** Stops all at once. */
export async function stopAll({ engines }: EngineSet): Promise<void> {
  await Promise.all(engines.map((engine) => engine.stop()))
}
