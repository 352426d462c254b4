import { refusalOf, renderChart } from './render-chart.ts'

/** Addresses of engines that the chart does not bring. */
const EXTERNAL = { kafkaBrokers: ['kafka:9092'], cassandraContactPoints: ['cassandra:9042'], elasticsearchNodes: ['http://elasticsearch:9200'], redisAddress: 'redis:6379' }
const BUNDLED = { engines: { bundled: true } }

describe('the chart refuses', () => {
  it.each<[string, object, string]>([
    ['a name that is none of its values', { ...BUNDLED, gateways: { replicas: 2 } }, 'Additional property gateways is not allowed'],
    ['a name that an app has not', { ...BUNDLED, gateway: { replica: 2 } }, 'gateway: Additional property replica is not allowed'],
    ['a setting that is none', { ...BUNDLED, config: { kafkaBroker: 'kafka:9092' } }, 'config: Additional property kafkaBroker is not allowed'],
    ['a setting of an app that is none', { ...BUNDLED, writer: { config: { logLevels: 'debug' } } }, 'writer.config: Additional property logLevels is not allowed'],
    ['a setting of the services for the standalone process', { mode: 'standalone', config: { kafkaTls: true } }, 'config: Additional property kafkaTls is not allowed'],
    ['a port that pods cannot have', { ...BUNDLED, config: { httpPort: 9000 } }, 'config: Additional property httpPort is not allowed'],
    ['a setting of another type', { ...BUNDLED, config: { partitions: 'many' } }, 'config.partitions: Invalid type. Expected: integer, given: string'],
    ['a setting out of its bounds', { ...BUNDLED, config: { drainDelayMs: 90_000 } }, 'config.drainDelayMs: Must be less than or equal to 60000'],
    ['a choice that there is not', { ...BUNDLED, config: { logLevel: 'loud' } }, 'config.logLevel must be one of the following: "debug", "info", "warn", "error", "silent"'],
    ['a mode that there is not', { mode: 'clustered' }, 'mode must be one of the following: "services", "standalone"'],
    ['a password among the settings', { ...BUNDLED, config: { kafkaPassword: 'hunter2' } }, 'put it into a Secret as password and name that in existingSecrets.kafka'],
    ['a key among the settings of an app', { ...BUNDLED, gateway: { config: { bootstrapAdminKey: 'hunter2' } } }, 'put it into a Secret as admin-key and name that in existingSecrets.keys'],
    ['the very words of that refusal', { ...BUNDLED, config: { kafkaPassword: '(a secret: put it into a Secret as password and name that in existingSecrets.kafka)' } }, 'config.kafkaPassword is a secret, and what is written here ends in a ConfigMap'],
    ['to be installed without engines', {}, 'is missing: say where your engine is'],
    ['engines of two kinds', { ...BUNDLED, config: { kafkaBrokers: ['kafka:9092'] } }, 'config.kafkaBrokers is of an engine of your own, and engines.bundled brings one'],
    ['bundled engines for the standalone process', { ...BUNDLED, mode: 'standalone' }, 'the standalone process has its engines inside'],
    ['more copies in sync than there are', { config: { ...EXTERNAL, kafkaMinInsyncReplicas: 2 } }, 'no more copies can be in sync'],
    ['an image without a version', { ...BUNDLED, image: { tag: 'latest' } }, 'name a version'],
    ['an ingress without a name', { ...BUNDLED, ingress: { enabled: true } }, 'ingress.host is missing'],
    ['a name for gRPC where nothing listens', { ...BUNDLED, config: { otlpGrpcPort: 'off' }, ingress: { grpc: { enabled: true, host: 'otlp.example.com' } } }, 'there is nothing to lead to, as config.otlpGrpcPort is "off"'],
    ['a delay after which a service is killed at its work', { ...BUNDLED, config: { drainDelayMs: 6000 } }, 'terminationGracePeriodSeconds is 40, and with drainDelayMs 6000 it may take 42 s to end'],
    ['too little time for the end of one app', { ...BUNDLED, writer: { terminationGracePeriodSeconds: 37 } }, 'writer: terminationGracePeriodSeconds is 37, and with drainDelayMs 5000 it may take 38 s to end'],
    ['memory that Kubernetes cannot read', { mode: 'standalone', standalone: { persistence: { size: '20 GB' } } }, 'standalone.persistence.size: Does not match pattern'],
  ])('%s', async (_, values, message) => {
    const refusal = await refusalOf({ values })
    expect(refusal).toContain(message)
    expect(refusal).not.toContain('hunter2')
  })
})

describe('the chart takes', () => {
  it('exactly as much time for the end of an app as it may need', async () => {
    const manifests = await renderChart({ values: { ...BUNDLED, writer: { terminationGracePeriodSeconds: 20, config: { drainDelayMs: 500 } } } })
    expect(manifests.filter(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'millrace-writer')).toHaveLength(1)
  })

  it('lists as they are written on a command line', async () => {
    const manifests = await renderChart({ values: { config: { ...EXTERNAL, kafkaBrokers: 'kafka-0:9092,kafka-1:9093' }, networkPolicy: { enabled: true } } })
    expect(JSON.stringify(manifests.find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === 'millrace-writer')?.spec?.['egress'])).toContain('9093')
  })
})
