import { tableLines } from '../table-lines.ts'
import { amountText } from './amount-text.ts'
import { ASSUMPTIONS, HEAP_BYTES_OF_NODE, WRITER_OUTSIDE_HEAP_BYTES } from './assumptions.ts'
import { FIGURES } from './figures.ts'
import { planCapacity, type CapacityPlan, type CapacityQuestion } from './plan-capacity.ts'

/** A plan for people. */
export function capacityLines(question: CapacityQuestion, plan: CapacityPlan): readonly string[] {
  const { installations } = plan
  const [first] = plan.limits
  const totalCores = sum(plan.apps.map(({ busyCores }) => busyCores)) * installations
  return [
    `${amountText(question.eventsPerSecond)} events/s of ${question.eventBytes} bytes, ${amountText(question.averageEventsPerSecond)} on average, kept ${question.retentionDays} days in ${question.replication} copies`, '',
    installations === 1 ? 'one installation holds it' : `${installations} installations, of ${amountText(question.eventsPerSecond / installations)} events/s each; what follows is one of them`,
    `first limit: ${first === undefined ? 'none' : `${first.name}, at ${amountText(first.eventsPerSecond)} events/s an installation`}`,
    `our apps' busy cores, all together: ${coresText(totalCores)}`, '',
    ...tableLines(['APP', 'REPLICAS', 'CORES EACH', 'MEMORY EACH', 'BUSY CORES'], plan.apps.map(({ name, replicas, coresEach, memoryBytesEach, busyCores }) => [name, String(replicas), String(coresEach), amountText(memoryBytesEach, 'B'), coresText(busyCores)])), '',
    ...tableLines(['ENGINE', 'NODES', 'DISK', 'BUSY CORES', 'NODES BY'], plan.engines.map(({ name, nodes, diskBytes, busyCores, boundBy }) => [name, String(nodes), diskBytes === 0 ? '-' : amountText(diskBytes, 'B'), coresText(busyCores), boundBy])), '',
    ...tableLines(['NETWORK', 'BITS/S'], plan.network.map(({ name, bitsPerSecond }) => [name, amountText(bitsPerSecond, 'bit/s')])), '',
    'settings:',
    `  MILLRACE_PARTITIONS=${plan.partitions}    fixed when millrace migrate makes them: choose them for the largest load to come`,
    `  MILLRACE_ELASTICSEARCH_SHARDS=${plan.shards}`,
    `  MILLRACE_ELASTICSEARCH_REPLICAS=${plan.shardReplicas}`,
    `  MILLRACE_KAFKA_REPLICATION_FACTOR=${question.replication}`,
    `  MILLRACE_CASSANDRA_REPLICATION_FACTOR=${question.replication}`,
    ...heapLines(plan), '',
    'limits of an installation:', ...plan.limits.map(({ name, eventsPerSecond }) => `  ${amountText(eventsPerSecond)} events/s: ${name}`), '',
    'assumed:', ...assumptionTexts(question).map((text) => `  ${text}`), '',
    'measured:', ...Object.values(FIGURES).map(({ value, unit, source }) => `  ${value} ${unit} (${source})`),
  ]
}

/** Of writers that need a larger heap than Node gives them by itself. */
function heapLines({ apps }: CapacityPlan): readonly string[] {
  const memoryBytes = apps.find(({ name }) => name === 'writer')?.memoryBytesEach ?? 0
  return memoryBytes > HEAP_BYTES_OF_NODE ? [`  NODE_OPTIONS=--max-old-space-size=${Math.floor((memoryBytes - WRITER_OUTSIDE_HEAP_BYTES) / 2 ** 20)}    of writers only`] : []
}

/** What is assumed, in sentences. */
export function assumptionTexts({ eventsPerRequest, questionsPerSecond, questionEvents }: CapacityQuestion): readonly string[] {
  const { utilization, outageHours, nodeCores, nodeDiskBytes, networkBits, compactionFactor, recoveryFactor, maxCassandraNodes, minReplicas } = ASSUMPTIONS
  return [
    `cores and network are busy to ${utilization * 100} % at the peak`,
    `an engine's node has ${nodeCores} cores, ${amountText(nodeDiskBytes, 'B')} of disk and ${amountText(networkBits, 'bit/s')}`,
    `Kafka keeps ${outageHours} hours, for an outage of Cassandra; Cassandra's disk counts ${compactionFactor} times for compaction, Elasticsearch's ${recoveryFactor} times for recovery, in two copies where the others have several`,
    `each copy costs an engine its CPU once more; a Cassandra cluster has ${maxCassandraNodes} nodes at most; at least ${minReplicas} replicas of each app`,
    `a request brings ${amountText(eventsPerRequest)} events`,
    `${questionsPerSecond} questions a second over ${amountText(questionEvents)} events each, of which the columns are remembered (cold ones cost several times that)`,
    'CPU and bytes grow with the size of an event, CPU does not fall with it; what was measured on two cores and four partitions grows in proportion',
  ]
}

/** The table of docs/design/capacity.md: a plan for each of some loads. */
export function capacityTable(question: CapacityQuestion): readonly string[] {
  const rows = TABLE_RATES.map((eventsPerSecond) => {
    const plan = planCapacity({ ...question, eventsPerSecond, averageEventsPerSecond: eventsPerSecond * question.averageEventsPerSecond / question.eventsPerSecond })
    const { installations } = plan
    const nodes = sum(plan.engines.map((engine) => engine.nodes)) * installations
    return [
      amountText(eventsPerSecond), String(installations), coresText(sum(plan.apps.map(({ busyCores }) => busyCores)) * installations), String(nodes),
      amountText(eventsPerSecond / installations), String(plan.partitions), String(plan.shards), plan.apps.map(({ replicas }) => replicas).join(', '),
      ...plan.engines.filter(({ name }) => name !== 'Redis').map(({ nodes: each, diskBytes }) => `${each}, ${amountText(diskBytes, 'B')}`), amountText(plan.network[0]?.bitsPerSecond ?? 0, 'bit/s'),
    ]
  })
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(TABLE_HEAD), line(TABLE_HEAD.map(() => '---')), ...rows.map(line)]
}

const TABLE_RATES = [1e4, 1e5, 1e6, 1e7, 1e8, 1e9]
const TABLE_HEAD = [
  'events/s', 'installations', 'our busy cores, all', "engines' nodes, all", 'events/s of one', 'its partitions', 'its shards', 'its replicas: gateway, intake, router, writer, indexer, query', 'its Kafka', 'its Cassandra', 'its Elasticsearch', 'from its senders',
]

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function coresText(cores: number): string {
  return cores < 0.01 ? '0' : cores < 10 ? cores.toFixed(2) : amountText(cores)
}
