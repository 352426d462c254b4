import { componentOf, podsOf } from './chart-pods.ts'
import { renderChart, type Manifest } from './render-chart.ts'

const BUNDLED = { engines: { bundled: true } }
const EXTERNAL = { config: { kafkaBrokers: ['kafka:9092'], cassandraContactPoints: ['cassandra:9042'], elasticsearchNodes: ['http://elasticsearch:9200'], redisAddress: 'redis:6379' } }
/** Of `helm install` and `helm upgrade`, unless they are told another. */
const HELM_TIMEOUT_S = 300

describe('an upgrade', () => {
  it('changes none of the fields that Kubernetes lets nobody change', async () => {
    const before = await renderChart({ values: BUNDLED })
    const after = await renderChart({ values: { ...BUNDLED, image: { tag: '9.9.9' }, config: { logLevel: 'debug' }, appDefaults: { podLabels: { team: 'logs' } }, gateway: { replicas: 3 } } })
    expect(fixedFields(after)).toEqual(fixedFields(before))
    expect(fixedFields(before).length).toBe(10)
  })

  it('starts only the apps anew whose settings have changed', async () => {
    const values = { ...BUNDLED, existingSecrets: { keys: 'keys' } } // else each rendering makes keys of its own
    const before = settingsMarks(await renderChart({ values }))
    const ofWriter = settingsMarks(await renderChart({ values: { ...values, writer: { config: { logLevel: 'debug' } } } }))
    expect(Object.keys(before).filter((app) => before[app] !== ofWriter[app])).toEqual(['writer'])
    const ofAll = settingsMarks(await renderChart({ values: { ...values, config: { logLevel: 'debug' } } }))
    expect(Object.keys(before).filter((app) => before[app] === ofAll[app] && app !== 'test')).toEqual([])
  })

  it('replaces pods of an app one by one, each after its successor is ready; a standalone process after it has ended', async () => {
    const strategies = (manifests: readonly Manifest[]): readonly unknown[] => manifests.filter(({ kind }) => kind === 'Deployment').map(({ spec }) => spec?.['strategy'])
    expect(strategies(await renderChart({ values: BUNDLED }))).toEqual(Array.from({ length: 6 }, () => ({ type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } })))
    expect(strategies(await renderChart({ values: { mode: 'standalone' } }))).toEqual([{ type: 'Recreate' }])
  })
})

describe('the migration', () => {
  it('is a hook before everything else where engines are there already, with copies of what it needs', async () => {
    const manifests = await renderChart({ values: EXTERNAL })
    const hooks = manifests.filter(({ metadata }) => metadata.annotations?.['helm.sh/hook'] === 'pre-install,pre-upgrade')
    expect(hooks.map(({ kind, metadata }) => `${metadata.annotations?.['helm.sh/hook-weight']} ${kind} ${metadata.name}`).sort()).toEqual([
      '-1 Job millrace-migrate', '-2 ConfigMap millrace-migrate-config', '-2 Secret millrace-migrate-keys',
    ])
    const [pod] = podsOf(hooks)
    const needed = pod?.spec.volumes.flatMap(({ configMap, secret }) => [configMap?.name, secret?.secretName]).filter((name) => name !== undefined)
    expect(needed?.sort()).toEqual(['millrace-migrate-config', 'millrace-migrate-keys'])
    expect(pod?.spec.serviceAccountName).toBe('default') // the release's own is not there yet
    expect(pod?.owner.spec?.['activeDeadlineSeconds']).toBeLessThan(HELM_TIMEOUT_S)
    const data = (name: string): unknown => manifests.find(({ metadata }) => metadata.name === name)?.data
    expect(data('millrace-migrate-keys')).toEqual(data('millrace-keys'))
  })

  it('is a Job of the revision beside the services where engines come with them', async () => {
    const manifests = await renderChart({ values: BUNDLED })
    const job = manifests.find(({ kind, metadata }) => kind === 'Job' && componentOf(metadata.labels) === 'migrate')
    expect([job?.metadata.name, job?.metadata.annotations]).toEqual(['millrace-migrate-1', undefined])
    // The engines' images are pulled meanwhile.
    expect(job?.spec?.['activeDeadlineSeconds']).toBe(900)
  })
})

describe('keys', () => {
  it('are random, and long', async () => {
    const [first, second] = await Promise.all([renderChart({ values: BUNDLED }), renderChart({ values: BUNDLED })]).then((both) => both.map((manifests) => manifests.find(({ kind }) => kind === 'Secret')?.data ?? {}))
    const keys = [...Object.values(first ?? {}), ...Object.values(second ?? {})].map((key) => Buffer.from(key, 'base64').toString())
    expect(new Set(keys).size).toBe(4)
    for (const key of keys) expect(key).toMatch(/^[A-Za-z0-9]{40}$/)
  })

  it('are left to a Secret that is named', async () => {
    const manifests = await renderChart({ values: { ...EXTERNAL, existingSecrets: { keys: 'our-keys' } } })
    expect(manifests.filter(({ kind }) => kind === 'Secret')).toEqual([])
    const ofSecrets = podsOf(manifests).flatMap(({ labels, spec }) => spec.volumes.flatMap(({ secret }) => (secret === undefined ? [] : [`${componentOf(labels)} ${secret.secretName}`])))
    expect(ofSecrets.sort()).toEqual(['doctor our-keys', 'migrate our-keys', 'test our-keys'])
  })
})

describe('passwords', () => {
  it('reach only the apps that speak to the engine', async () => {
    const manifests = await renderChart({ values: { config: { ...EXTERNAL.config, kafkaUsername: 'millrace' }, existingSecrets: { keys: 'k', kafka: 'kafka-user', elasticsearch: 'search-user' } } })
    const variables = Object.fromEntries(podsOf(manifests).map(({ labels, spec }) => [componentOf(labels), spec.containers[0]?.env?.map(({ name }) => name).filter((name) => /KAFKA|ELASTIC/.test(name))]))
    const elasticsearch = ['MILLRACE_ELASTICSEARCH_PASSWORD_FILE', 'MILLRACE_ELASTICSEARCH_USERNAME_FILE']
    const kafka = ['MILLRACE_KAFKA_PASSWORD_FILE'] // the user name is a setting already
    const both = [...elasticsearch, ...kafka]
    expect(variables).toEqual({ gateway: [], intake: kafka, router: kafka, writer: kafka, indexer: both, query: both, migrate: both, doctor: both, test: [] })
  })
})

describe('scaling', () => {
  it('never asks for more replicas than there are partitions to share', async () => {
    const manifests = await renderChart({ values: { ...BUNDLED, config: { partitions: 5 }, appDefaults: { autoscaling: { enabled: true, maxReplicas: 9 } }, gateway: { autoscaling: { maxReplicas: 20 } }, query: { autoscaling: { enabled: false }, replicas: 3 } } })
    const most = manifests.filter(({ kind }) => kind === 'HorizontalPodAutoscaler').map(({ metadata, spec }) => [metadata.name, spec?.['maxReplicas']])
    expect(Object.fromEntries(most)).toEqual({ 'millrace-gateway': 20, 'millrace-intake': 9, 'millrace-router': 5, 'millrace-writer': 5, 'millrace-indexer': 5 })
    const replicas = manifests.filter(({ kind }) => kind === 'Deployment').map(({ metadata, spec }) => [metadata.name, spec?.['replicas']])
    // What an autoscaler has set must not be taken back by the next upgrade.
    expect(replicas.filter(([, count]) => count !== undefined)).toEqual([['millrace-query', 3]])
  })
})

describe('names', () => {
  it('begin with the release, and say millrace', async () => {
    const names = async (release: string): Promise<readonly string[]> => (await renderChart({ release, values: BUNDLED })).map(({ metadata }) => metadata.name)
    expect(await names('logs')).toContain('logs-millrace-gateway')
    expect(await names('my-millrace')).toContain('my-millrace-gateway')
    for (const name of await names('a'.repeat(53))) expect(name.length).toBeLessThanOrEqual(63)
  })
})

describe('images', () => {
  it('come from the registry that is named', async () => {
    const images = podsOf(await renderChart({ values: { ...BUNDLED, image: { registry: 'registry.example.com:5000', repository: 'team/millrace', tag: '1.2.3', pullPolicy: 'Always', pullSecrets: ['pull'] }, engines: { bundled: true, registry: 'mirror.example.com' } } }))
      .flatMap(({ spec }) => spec.containers.map(({ image }) => image))
    expect(images).toContain('registry.example.com:5000/team/millrace/gateway:1.2.3')
    expect(images.filter((image) => !/^(registry|mirror)\.example\.com/.test(image))).toEqual([])
  })
})

function fixedFields(manifests: readonly Manifest[]): readonly unknown[] {
  return manifests.filter(({ kind }) => ['Deployment', 'StatefulSet'].includes(kind)).map(({ metadata, spec }) => [metadata.name, spec?.['selector'], spec?.['serviceName'], spec?.['volumeClaimTemplates']])
}

function settingsMarks(manifests: readonly Manifest[]): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(podsOf(manifests).filter(({ owner }) => owner.kind === 'Deployment').map(({ labels, annotations }) => [componentOf(labels), annotations['millrace.dev/settings']]))
}
