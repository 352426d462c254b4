/** What is assumed and not measured; the command prints it all. Options change those that differ from place to place. */
export const ASSUMPTIONS = {
  /** Of cores and network at the peak: an app or a node that is lost must leave room for the others to take over, and a backlog must shrink. */
  utilization: 0.5,
  /** Kafka keeps what Cassandra cannot take meanwhile. */
  outageHours: 6,
  /** Of Kafka's topics: a segment that is written and one that waits to be deleted. */
  segmentBytes: 1e9,
  segmentsKept: 2,
  /** Topics that hold events: batches and routed. The others are small. */
  largeTopics: 2,
  /** Cassandra needs as much room again while it compacts. */
  compactionFactor: 2,
  /** What recovery keeps in Elasticsearch until merges forget it. */
  recoveryFactor: 3,
  /** Of Redis for each request that brings events. */
  redisCallsPerRequest: 2,
  /** Fewest replicas of each app, and nodes of each engine with copies, so that one may be lost. */
  minReplicas: 2,
  /** A node of an engine, unless the command is told another: cores, disk, network. */
  nodeCores: 16,
  nodeDiskBytes: 16e12,
  networkBits: 10e9,
  /** Nodes of one Cassandra cluster that people are known to run; beyond it gossip and repair are the work. */
  maxCassandraNodes: 1_000,
  /** Shards that a node of Elasticsearch takes. */
  shardsPerNode: 1_000,
  /** Weeks that are begun and not ended, beside those of the retention. */
  extraWeeks: 1,
} as const

/** Cores that a replica can use, and memory to allow it, of docs/operations.md, Sizing. */
export const REPLICA_SIZES = {
  gateway: { cores: 1, memoryBytes: 0.5e9 },
  intake: { cores: 1, memoryBytes: 1.5e9 },
  router: { cores: 1, memoryBytes: 0.5e9 },
  writer: { cores: 3, memoryBytes: 1e9 },
  indexer: { cores: 4, memoryBytes: 2e9 },
  query: { cores: 2, memoryBytes: 4e9 },
} as const satisfies Readonly<Record<string, { readonly cores: number; readonly memoryBytes: number }>>

/** Of a writer, beside what it needs in any case, for each of its partitions: request ids of up to a million requests. */
export const WRITER_PARTITION_BYTES = 0.2e9
/** How large a process may be before Node must be told of its heap (docs/operations.md, Sizing): what it allows by itself depends on its version and on the machine. */
export const HEAP_BYTES_OF_NODE = 2e9
/** Of a writer's memory, what is not its heap: buffers, threads that merge, the program. */
export const WRITER_OUTSIDE_HEAP_BYTES = 0.5e9
