import { MAX_PARTITIONS } from '@millrace/service/settings'
import { ASSUMPTIONS, REPLICA_SIZES, WRITER_PARTITION_BYTES } from './assumptions.ts'
import { FIGURES, MEASURED_EVENT_BYTES } from './figures.ts'

/** What is to be held. */
export interface CapacityQuestion {
  /** At the peak. */
  readonly eventsPerSecond: number
  /** Over a day: disks are for these. */
  readonly averageEventsPerSecond: number
  /** Of one as JSON. */
  readonly eventBytes: number
  readonly eventsPerRequest: number
  readonly retentionDays: number
  /** Copies in Kafka and in Cassandra; above 1 Elasticsearch has two. */
  readonly replication: number
  /** Of the largest tenant; 0 where that is not known. */
  readonly largestTenantEventsPerSecond: number
  readonly questionsPerSecond: number
  /** In the range of a question, of its tenant. */
  readonly questionEvents: number
}

export interface CapacityPlan {
  /** Separate Millraces, each with engines of its own; senders and tenants are divided among them. */
  readonly installations: number
  /** What one installation can hold by each limit, the lowest first. */
  readonly limits: readonly Limit[]
  /** What no number of installations mends. */
  readonly problems: readonly string[]
  /** Of one installation. */
  readonly partitions: number
  readonly apps: readonly AppPlan[]
  readonly engines: readonly EnginePlan[]
  readonly network: readonly { readonly name: string; readonly bitsPerSecond: number }[]
  /** Primary shards of an Elasticsearch index: `elasticsearchShards`. */
  readonly shards: number
  /** Copies of each shard beside it: `elasticsearchReplicas`. */
  readonly shardReplicas: number
}

export interface Limit {
  readonly name: string
  readonly eventsPerSecond: number
}

/** Replicas of an app in one installation. */
export interface AppPlan {
  readonly name: keyof typeof REPLICA_SIZES
  /** Busy at the peak. */
  readonly busyCores: number
  readonly replicas: number
  readonly coresEach: number
  readonly memoryBytesEach: number
}

/** Nodes of an engine in one installation. */
export interface EnginePlan {
  readonly name: 'Kafka' | 'Cassandra' | 'Elasticsearch' | 'Redis'
  readonly nodes: number
  readonly busyCores: number
  readonly diskBytes: number
  /** What decides the number of nodes. */
  readonly boundBy: string
}

/** Multiplies {@link FIGURES}. Divides the load among as many installations as the lowest limit asks for. */
export function planCapacity(question: CapacityQuestion): CapacityPlan {
  const limits = limitsOf(question)
  const installations = Math.max(1, Math.ceil(question.eventsPerSecond / (limits[0]?.eventsPerSecond ?? Infinity)))
  const share = (value: number): number => value / installations
  return {
    installations, limits, problems: problemsOf(question),
    ...planInstallation({ ...question, eventsPerSecond: share(question.eventsPerSecond), averageEventsPerSecond: share(question.averageEventsPerSecond), questionsPerSecond: share(question.questionsPerSecond) }),
  }
}

/** CPU and bytes grow with an event's size. A smaller one than was measured is not taken to be cheaper in CPU, as most of the work is by event and attribute. */
function scalesOf({ eventBytes }: CapacityQuestion): { readonly cpu: number; readonly bytes: number } {
  const bytes = eventBytes / MEASURED_EVENT_BYTES
  return { cpu: Math.max(1, bytes), bytes }
}

function limitsOf(question: CapacityQuestion): readonly Limit[] {
  const storedPerEvent = cassandraBytes({ ...question, averageEventsPerSecond: 1 })
  const averageShare = question.averageEventsPerSecond / question.eventsPerSecond
  return [
    { name: `${MAX_PARTITIONS} partitions`, eventsPerSecond: MAX_PARTITIONS * FIGURES.partitionRate.value / scalesOf(question).cpu },
    { name: `${ASSUMPTIONS.maxCassandraNodes} Cassandra nodes`, eventsPerSecond: ASSUMPTIONS.maxCassandraNodes * ASSUMPTIONS.nodeDiskBytes / (storedPerEvent * averageShare) },
    { name: 'one Redis', eventsPerSecond: FIGURES.redisCalls.value / ASSUMPTIONS.redisCallsPerRequest * question.eventsPerRequest },
  ].sort((a, b) => a.eventsPerSecond - b.eventsPerSecond)
}

function problemsOf({ largestTenantEventsPerSecond, eventBytes }: CapacityQuestion): readonly string[] {
  const ofTenant = TENANT_PARTITIONS * FIGURES.partitionRate.value / Math.max(1, eventBytes / MEASURED_EVENT_BYTES)
  if (largestTenantEventsPerSecond <= ofTenant) return []
  return [`a tenant goes to ${TENANT_PARTITIONS} partitions and gets ${Math.floor(ofTenant)} events/s at most: divide the largest into ${Math.ceil(largestTenantEventsPerSecond / ofTenant)} tenants`]
}

/** Of libs/bus/src/partitioning.ts. */
const TENANT_PARTITIONS = 2

function planInstallation(question: CapacityQuestion): Pick<CapacityPlan, 'partitions' | 'apps' | 'engines' | 'network' | 'shards' | 'shardReplicas'> {
  const { eventsPerSecond, eventBytes, replication, questionsPerSecond, questionEvents } = question
  const scales = scalesOf(question)
  const millions = eventsPerSecond / 1e6 * scales.cpu
  const busyCores = {
    gateway: millions * FIGURES.gatewayCpu.value, intake: millions * FIGURES.intakeCpu.value, router: millions * FIGURES.routerCpu.value,
    writer: millions * FIGURES.writerCpu.value, indexer: millions * FIGURES.indexerCpu.value,
    query: questionsPerSecond * questionEvents / 1e6 * FIGURES.questionCpu.value + FIGURES.queryIdleCpu.value * ASSUMPTIONS.minReplicas,
  }
  const replicasOf = (name: keyof typeof REPLICA_SIZES): number => Math.max(ASSUMPTIONS.minReplicas, Math.ceil(busyCores[name] / ASSUMPTIONS.utilization / REPLICA_SIZES[name].cores))
  const partitions = Math.min(MAX_PARTITIONS, Math.max(Math.ceil(eventsPerSecond * scales.cpu / FIGURES.partitionRate.value), 2 * replicasOf('writer')))
  const gatewayBits = 2 * eventsPerSecond * eventBytes * 8 // in, and on to intake
  const apps = APP_NAMES.map((name): AppPlan => {
    const byNetwork = name === 'gateway' ? Math.ceil(gatewayBits / (ASSUMPTIONS.networkBits * ASSUMPTIONS.utilization)) : 0
    const replicas = Math.max(replicasOf(name), byNetwork)
    const memory = REPLICA_SIZES[name].memoryBytes + (name === 'writer' ? Math.ceil(partitions / replicas) * WRITER_PARTITION_BYTES : 0)
    return { name, busyCores: busyCores[name], replicas, coresEach: REPLICA_SIZES[name].cores, memoryBytesEach: memory }
  })
  const shards = Math.max(1, Math.ceil(question.averageEventsPerSecond * scales.bytes / FIGURES.shardRate.value))
  const shardReplicas = replication > 1 ? 1 : 0 // the index can be made again: one keeps searches quick while a node is lost, more are of no use
  return { partitions, apps, engines: [planKafka(question, partitions), planCassandra(question, partitions), planElasticsearch(question, shards, shardReplicas), planRedis(question)], network: networkOf(question, replication), shards, shardReplicas }
}

const APP_NAMES = ['gateway', 'intake', 'router', 'writer', 'indexer', 'query'] as const

function planKafka(question: CapacityQuestion, partitions: number): EnginePlan {
  const { eventsPerSecond, replication } = question
  const { cpu, bytes } = scalesOf(question)
  const busyCores = eventsPerSecond / 1e6 * cpu * FIGURES.kafkaCpu.value * replication
  const backlog = ASSUMPTIONS.largeTopics * FIGURES.kafkaBytes.value * bytes * eventsPerSecond * ASSUMPTIONS.outageHours * 3600 * replication
  const segments = ASSUMPTIONS.largeTopics * partitions * ASSUMPTIONS.segmentsKept * ASSUMPTIONS.segmentBytes * replication
  // Each byte comes once for every copy, and leaves for the other copies and one reader.
  const bits = 2 * ASSUMPTIONS.largeTopics * FIGURES.kafkaBytes.value * bytes * eventsPerSecond * replication * 8
  return { name: 'Kafka', busyCores, diskBytes: backlog + segments, ...nodesBy({ busyCores, diskBytes: backlog + segments, network: bits, least: replication }) }
}

function planCassandra(question: CapacityQuestion, partitions: number): EnginePlan {
  const { eventsPerSecond, replication } = question
  const { cpu, bytes } = scalesOf(question)
  const busyCores = eventsPerSecond / 1e6 * cpu * FIGURES.cassandraCpu.value * replication
  const diskBytes = cassandraBytes(question)
  const bits = (2 * FIGURES.packBytes.value + FIGURES.sealedBytes.value) * bytes * eventsPerSecond * replication * 8
  const conditionalWrites = Math.ceil(partitions * FIGURES.partitionWrites.value * replication / FIGURES.nodeWrites.value)
  return { name: 'Cassandra', busyCores, diskBytes, ...nodesBy({ busyCores, diskBytes, network: bits, least: replication, 'conditional writes': conditionalWrites }) }
}

function cassandraBytes(question: CapacityQuestion): number {
  return question.averageEventsPerSecond * 86_400 * question.retentionDays * FIGURES.sealedBytes.value * scalesOf(question).bytes * question.replication * ASSUMPTIONS.compactionFactor
}

function planElasticsearch(question: CapacityQuestion, shards: number, shardReplicas: number): EnginePlan {
  const { eventsPerSecond, averageEventsPerSecond, retentionDays, replication } = question
  const { cpu, bytes } = scalesOf(question)
  const copies = 1 + shardReplicas
  const busyCores = eventsPerSecond / 1e6 * cpu * FIGURES.elasticsearchCpu.value * copies
  const diskBytes = averageEventsPerSecond * 86_400 * retentionDays * FIGURES.indexBytes.value * bytes * ASSUMPTIONS.recoveryFactor * copies
  const indices = Math.ceil(retentionDays / 7) + ASSUMPTIONS.extraWeeks
  const least = replication > 1 ? ASSUMPTIONS.minReplicas + 1 : 1 // a majority must be left
  return { name: 'Elasticsearch', busyCores, diskBytes, ...nodesBy({ busyCores, diskBytes, network: 0, least, shards: Math.ceil(shards * copies * indices / ASSUMPTIONS.shardsPerNode) }) }
}

function planRedis({ eventsPerSecond, eventsPerRequest }: CapacityQuestion): EnginePlan {
  return { name: 'Redis', nodes: 1, busyCores: eventsPerSecond / eventsPerRequest * ASSUMPTIONS.redisCallsPerRequest / FIGURES.redisCalls.value, diskBytes: 0, boundBy: 'it may be lost' }
}

/** The most of what cores, disks and network ask for, and of other reasons, already as nodes. */
function nodesBy({ busyCores, diskBytes, network, least, ...others }: { readonly busyCores: number; readonly diskBytes: number; readonly network: number; readonly least: number } & Readonly<Record<string, number>>): { readonly nodes: number; readonly boundBy: string } {
  const reasons = {
    copies: least,
    cores: Math.ceil(busyCores / ASSUMPTIONS.utilization / ASSUMPTIONS.nodeCores),
    disk: Math.ceil(diskBytes / ASSUMPTIONS.nodeDiskBytes),
    network: Math.ceil(network / (ASSUMPTIONS.networkBits * ASSUMPTIONS.utilization)),
    ...others,
  }
  const [boundBy, nodes] = Object.entries(reasons).reduce((most, reason) => (reason[1] > most[1] ? reason : most))
  return { nodes, boundBy }
}

function networkOf(question: CapacityQuestion, replication: number): CapacityPlan['network'] {
  const { eventsPerSecond, eventBytes } = question
  const { bytes } = scalesOf(question)
  const bits = (bytesPerEvent: number): number => bytesPerEvent * eventsPerSecond * 8
  const log = ASSUMPTIONS.largeTopics * FIGURES.kafkaBytes.value * bytes
  return [
    { name: 'senders to gateway', bitsPerSecond: bits(eventBytes) },
    { name: 'gateway to intake', bitsPerSecond: bits(eventBytes) },
    { name: 'into Kafka, with copies', bitsPerSecond: bits(log * replication) },
    { name: 'out of Kafka', bitsPerSecond: bits(log) },
    { name: 'into Cassandra, with copies', bitsPerSecond: bits((FIGURES.packBytes.value + FIGURES.sealedBytes.value) * bytes * replication) },
  ]
}
