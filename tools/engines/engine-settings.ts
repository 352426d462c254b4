import type { EngineName } from '@millrace/simulator/describe-on'
import { freePort } from '../process/free-port.ts'
import { ENGINE_NAMES, EngineError } from './engine.ts'

/** What two sets on one machine must not share, and how large the engines may get. */
export interface EngineSettings {
  readonly ports: EnginePorts
  readonly heaps: EngineHeaps
}

/** Every port that a set listens at, all on 127.0.0.1. */
export interface EnginePorts extends Readonly<Record<EngineName, number>> {
  readonly kafkaController: number
  readonly cassandraStorage: number
  readonly cassandraJmx: number
  readonly elasticsearchTransport: number
}

/** As Java writes them, `512m` or `1g`. */
export interface EngineHeaps {
  readonly kafka: string
  readonly cassandra: string
  readonly elasticsearch: string
}

/** Where clients expect each engine. */
export const DEFAULT_PORTS = { kafka: 9092, cassandra: 9042, elasticsearch: 9200, redis: 6379 } as const satisfies Readonly<Record<EngineName, number>>

/** Cassandra needs its gigabyte for ten-megabyte blobs; Kafka works mostly in the page cache. */
export const DEFAULT_HEAPS: EngineHeaps = { kafka: '512m', cassandra: '1g', elasticsearch: '1g' }

/**
 * Adds the ports that only the engines themselves use: each lies {@link SECOND_PORT_STEP} above its engine's, and so follows when that is moved.
 *
 * @throws {EngineError} a port is none, or two are the same.
 */
export function planPorts(main: Readonly<Record<EngineName, number>>): EnginePorts {
  const ports: EnginePorts = {
    kafka: main.kafka,
    kafkaController: main.kafka + SECOND_PORT_STEP,
    cassandra: main.cassandra,
    cassandraStorage: main.cassandra + SECOND_PORT_STEP,
    cassandraJmx: main.cassandra + 2 * SECOND_PORT_STEP,
    elasticsearch: main.elasticsearch,
    elasticsearchTransport: main.elasticsearch + SECOND_PORT_STEP,
    redis: main.redis,
  }
  const owners = new Map<number, string>()
  for (const [name, port] of Object.entries(ports)) {
    if (!Number.isInteger(port) || port < 1 || port > MAX_PORT) throw new EngineError(`${name} cannot use port ${port}: an engine's second ports lie ${SECOND_PORT_STEP} and ${2 * SECOND_PORT_STEP} above its first, and all of them must be between 1 and ${MAX_PORT}`)
    const owner = owners.get(port)
    if (owner !== undefined) throw new EngineError(`${owner} and ${name} would both use port ${port}`)
    owners.set(port, name)
  }
  return ports
}

/** Keeps the derived ports of engines that are moved by a little, or stand in the same thousand, apart from every first one. */
const SECOND_PORT_STEP = 10_000
const MAX_PORT = 65_535

/** A plan of ports that nobody listens at, below those that the system gives to connections, which would take one before its engine has started. */
export async function planFreePorts(): Promise<EnginePorts> {
  const ports = { kafka: await freePort(), kafkaController: await freePort(), cassandra: await freePort(), cassandraStorage: await freePort(), cassandraJmx: await freePort() }
  return { ...ports, elasticsearch: await freePort(), elasticsearchTransport: await freePort(), redis: await freePort() }
}

/** The address that a client of the engine is given. */
export function addressOn(ports: EnginePorts, name: EngineName): string {
  return `${name === 'elasticsearch' ? 'http://' : ''}127.0.0.1:${ports[name]}`
}

/** The ports of one engine by what they are for. */
export function portsOf(ports: EnginePorts, name: EngineName): readonly number[] {
  return Object.entries(ports).filter(([key]) => key.startsWith(name)).map(([, port]: [string, number]) => port)
}

export function isEngineName(name: string): name is EngineName {
  return ENGINE_NAMES.some((known) => known === name)
}
