import { BadConfigError, readSettings, type Environment } from '@millrace/config/read-settings'
import { z } from 'zod'

/** The processes that make up a distributed Millrace. */
export type ServiceName = 'gateway' | 'intake' | 'router' | 'writer' | 'indexer' | 'query'

const list = z.preprocess((value) => (typeof value === 'string' ? value.split(',').map((part) => part.trim()).filter((part) => part !== '') : value), z.array(z.string()).min(1))
const flag = z.preprocess((value) => (value === 'true' ? true : value === 'false' ? false : value), z.boolean())
const port = z.coerce.number().int().min(0).max(65_535)
/** Of what need not be served. */
const portOrOff = z.union([z.literal('off'), port])
const count = z.coerce.number().int().min(1)

/** Of the topics. Each is a reader in its router, writer and indexer, and two rows that every answer about the whole reads; more was never tried. */
export const MAX_PARTITIONS = 1024

/** One schema for all services: a deployment keeps one file, and each service takes what it needs of it. */
export const serviceSchema = z.object({
  httpHost: z.string().default('0.0.0.0').describe('Address that the service listens at.'),
  httpPort: port.optional().describe('Its port, also of `/livez`, `/readyz` and `/metrics`; 0 takes any free one. By default gateway 8080, intake 8081, query 8082, router 8083, writer 8084, indexer 8085.'),
  metricsPort: port.optional().describe('A port of its own for `/metrics`, which the service\'s port then answers with 404: for a gateway that strangers reach. 0 takes any free one.'),
  otlpGrpcPort: portOrOff.default(4317).describe('Port at which the gateway takes OTLP over gRPC; 0 takes any free one, `off` none.'),
  syslogTcpPort: port.optional().describe('Port at which the gateway takes syslog over TCP; not taken by default. 601 is the standard one.'),
  syslogUdpPort: port.optional().describe('Likewise over UDP. 514 is the standard one.'),
  syslogApiKey: z.string().optional().describe('The key of the tenant whose all syslog messages are: the protocol has no place for one.'),
  drainDelayMs: z.coerce.number().int().min(0).max(60_000).default(0).describe('How long a service that was told to end goes on serving while `/readyz` answers 503, so that load balancers stop sending first.'),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info').describe('Least level that is logged to the standard error stream.'),
  kafkaBrokers: list.default(['127.0.0.1:9092']).describe('Kafka brokers to start from, `host:port` each, with commas between.'),
  kafkaReplicationFactor: count.default(1).describe('Of topics when they are made. Three in production.'),
  kafkaMinInsyncReplicas: count.default(1).describe('Replicas that hold a record before it is acknowledged. Two in production.'),
  kafkaTls: flag.default(false).describe('Whether brokers are spoken to by TLS.'),
  kafkaUsername: z.string().optional().describe('For SASL/SCRAM-SHA-512.'),
  kafkaPassword: z.string().optional().describe('For SASL/SCRAM-SHA-512.'),
  cassandraContactPoints: list.default(['127.0.0.1:9042']).describe('Cassandra nodes to start from, `host:port` each, with commas between.'),
  cassandraLocalDataCenter: z.string().default('datacenter1').describe('The data centre whose replicas make a quorum.'),
  cassandraKeyspace: z.string().regex(/^[a-z][a-z0-9_]{0,47}$/).default('millrace').describe('Made by `millrace migrate`.'),
  cassandraReplicationFactor: count.default(1).describe('Of the keyspace when it is made. Three in production.'),
  cassandraUsername: z.string().optional().describe('For password authentication.'),
  cassandraPassword: z.string().optional().describe('For password authentication.'),
  elasticsearchNodes: list.default(['http://127.0.0.1:9200']).describe('Elasticsearch nodes, addresses with commas between.'),
  elasticsearchPrefix: z.string().regex(/^[a-z0-9]{1,40}$/).default('millrace').describe('Every index and template begins with it.'),
  elasticsearchReplicas: z.coerce.number().int().min(0).default(0).describe('Copies of each index. The index is derived data: copies only keep searches quick when a node is lost.'),
  elasticsearchShards: count.max(1024).default(1).describe('Primary shards of each index, from the next index on. One takes a week of 75,000 events per second.'),
  elasticsearchUsername: z.string().optional().describe('For basic authentication.'),
  elasticsearchPassword: z.string().optional().describe('For basic authentication.'),
  redisAddress: z.string().default('127.0.0.1:6379').describe('`host:port` of Redis.'),
  redisPrefix: z.string().default('millrace:').describe('Every key and channel begins with it.'),
  redisTls: flag.default(false).describe('Whether Redis is spoken to by TLS.'),
  redisUsername: z.string().optional().describe('Of an ACL user.'),
  redisPassword: z.string().optional().describe('Of Redis or of the ACL user.'),
  partitions: z.coerce.number().int().min(1).max(MAX_PARTITIONS).default(4).describe('Partitions of the topics; fixed when `millrace migrate` makes the first generation.'),
  intakeUrls: list.default(['http://127.0.0.1:8081']).describe('Where the gateway sends what brings events.'),
  queryUrls: list.default(['http://127.0.0.1:8082']).describe('Where the gateway sends what asks for events.'),
  enforceQuotas: flag.optional().describe('Whether the service counts requests and bytes per tenant. By default the gateway does and the services behind it do not; set it for an intake that senders reach directly.'),
  tenantRequestsPerSecond: z.coerce.number().positive().default(5_000).describe('Requests that one tenant may make; beyond it 429.'),
  tenantBytesPerSecond: z.coerce.number().positive().default(200 * 1024 * 1024).describe('Bytes of bodies, as they travel, that one tenant may send; beyond it 429.'),
  bootstrapApiKey: z.string().optional().describe('A key of the tenant "default" that `millrace migrate` makes where it is missing.'),
  bootstrapAdminKey: z.string().optional().describe('A key that may make tenants, made likewise.'),
  failpoints: z.string().optional().describe('`<name>:<hit>`: end the process there. For crash tests.'),
})

export type ServiceSettings = z.infer<typeof serviceSchema>

/** Settings of a service out of the environment and the file that it names. @throws {BadConfigError} */
export function readServiceSettings(environment: Environment): ServiceSettings {
  const settings = readSettings(serviceSchema, environment)
  if (settings.kafkaMinInsyncReplicas > settings.kafkaReplicationFactor) throw new BadConfigError('MILLRACE_KAFKA_MIN_INSYNC_REPLICAS: no more copies can be in sync than MILLRACE_KAFKA_REPLICATION_FACTOR makes')
  assertSyslogHasKey(settings)
  return settings
}

/** @throws {BadConfigError} */
export function assertSyslogHasKey({ syslogTcpPort, syslogUdpPort, syslogApiKey }: Pick<ServiceSettings, 'syslogTcpPort' | 'syslogUdpPort' | 'syslogApiKey'>): void {
  if ((syslogTcpPort ?? syslogUdpPort) !== undefined && syslogApiKey === undefined) throw new BadConfigError('MILLRACE_SYSLOG_API_KEY: it must say whose the messages are that come to MILLRACE_SYSLOG_TCP_PORT and MILLRACE_SYSLOG_UDP_PORT')
}

/** Apart, so that all can run on one machine. */
export const DEFAULT_PORTS: Readonly<Record<ServiceName, number>> = { gateway: 8080, intake: 8081, query: 8082, router: 8083, writer: 8084, indexer: 8085 }
