/** Two million events through the gateway, until all of it has settled. */
const SERVICES = 'docs/design/performance.md, The services on real engines'

/**
 * What was measured, and where it stands. The calculator multiplies these and nothing else; a figure that is measured again is changed here and in the page that it names.
 * All are of seeded logs of {@link MEASURED_EVENT_BYTES} bytes as JSON, on two cores of an AMD EPYC that everything shared.
 */
export const FIGURES = {
  gatewayCpu: figure(3.1, 'CPU s of gateway per million events', SERVICES),
  intakeCpu: figure(9.7, 'CPU s of intake per million events', SERVICES),
  routerCpu: figure(4.6, 'CPU s of router per million events', SERVICES),
  writerCpu: figure(6.6, 'CPU s of writer per million events', SERVICES),
  indexerCpu: figure(8.5, 'CPU s of indexer per million events', SERVICES),
  queryIdleCpu: figure(0.021, 'cores of a query replica that is asked nothing', SERVICES),
  /** Mean of the eight warm ones over two million events: 133 ms. */
  questionCpu: figure(0.067, 'CPU s of query per million events in the range of a question', 'docs/design/performance.md, Figures: Q1 to Q8'),
  kafkaCpu: figure(5.4, 'CPU s of Kafka per million events and copy', SERVICES),
  cassandraCpu: figure(13.5, 'CPU s of Cassandra per million events and copy', SERVICES),
  elasticsearchCpu: figure(2.3, 'CPU s of Elasticsearch per million events', SERVICES),
  kafkaBytes: figure(66, 'bytes per event in each of batches and routed, a copy', SERVICES),
  packBytes: figure(56.3, 'bytes per event in packs, for minutes, a copy', SERVICES),
  sealedBytes: figure(38.6, 'bytes per event that stay in Cassandra, a copy', SERVICES),
  indexBytes: figure(1.05, 'bytes per event in Elasticsearch: 15 documents a million, 5,000 words each, 14 bytes a word', 'docs/design/fragment-index.md'),
  partitionRate: figure(14_000, 'events per second and partition: four took 57,000', 'docs/operations.md, Sizing'),
  partitionWrites: figure(7.5, 'conditional writes per second and busy partition', 'docs/operations.md, Sizing'),
  nodeWrites: figure(500, 'conditional writes per second of a Cassandra node', 'docs/operations.md, Sizing'),
  shardRate: figure(75_000, 'events per second whose week fills a shard of 50 GB', 'docs/design/fragment-index.md'),
  redisCalls: figure(45_000, 'calls per second of a Redis that shares two cores', 'docs/design/redis.md, Limits'),
} as const satisfies Readonly<Record<string, Figure>>

/** An event of the seeded logs, as JSON. */
export const MEASURED_EVENT_BYTES = 456

/** A measured value. */
export interface Figure {
  readonly value: number
  readonly unit: string
  /** Page and section where it was measured. */
  readonly source: string
}

function figure(value: number, unit: string, source: string): Figure {
  return { value, unit, source }
}
