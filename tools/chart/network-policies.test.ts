import { componentOf, isSelected, podsOf, type ChartPod } from './chart-pods.ts'
import { renderChart, type Manifest } from './render-chart.ts'

const ENGINES = ['kafka', 'cassandra', 'elasticsearch', 'redis']

describe('network policies', () => {
  it('let each app speak to whom it has to, and to nobody else', async () => {
    const ways = waysOf(await renderChart({ values: { engines: { bundled: true }, networkPolicy: { enabled: true } } }))
    expect(ways).toEqual([
      'doctor > cassandra:9042', 'doctor > elasticsearch:9200', 'doctor > gateway:8080', 'doctor > kafka:9092', 'doctor > redis:6379',
      'gateway > cassandra:9042', 'gateway > intake:8080', 'gateway > query:8080', 'gateway > redis:6379',
      'indexer > cassandra:9042', 'indexer > elasticsearch:9200', 'indexer > kafka:9092',
      'intake > cassandra:9042', 'intake > kafka:9092', 'intake > redis:6379',
      'migrate > cassandra:9042', 'migrate > elasticsearch:9200', 'migrate > kafka:9092',
      'query > cassandra:9042', 'query > elasticsearch:9200', 'query > kafka:9092', 'query > redis:6379',
      'router > cassandra:9042', 'router > kafka:9092', 'router > redis:6379',
      'test > gateway:8080',
      'writer > cassandra:9042', 'writer > kafka:9092',
    ])
  })

  it('let the test ask a standalone process, which asks nobody', async () => {
    expect(waysOf(await renderChart({ values: { mode: 'standalone', networkPolicy: { enabled: true } } }))).toEqual(['test > standalone:8080'])
  })

  it('let only chosen peers in, and what looks after the release itself', async () => {
    const from = [{ namespaceSelector: { matchLabels: { team: 'web' } } }]
    const manifests = await renderChart({ values: { engines: { bundled: true }, networkPolicy: { enabled: true, from }, config: { syslogTcpPort: 1601, otlpGrpcPort: 'off' } } })
    const [rule] = rulesOf(policyOf(manifests, 'gateway'), 'ingress')
    expect(rule?.ports?.map(({ port }) => port).sort()).toEqual([1601, 8080])
    expect(rule?.from?.map((peer) => peer.namespaceSelector?.matchLabels ?? componentOf(peer.podSelector?.matchLabels))).toEqual([{ team: 'web' }, 'test', 'doctor'])
    expect(waysOf(manifests)).toContain('test > gateway:8080')
  })

  it('know the ports of engines elsewhere, and where they are', async () => {
    const config = { kafkaBrokers: ['a:9093', 'b:9094'], cassandraContactPoints: ['[fd00::1]:9142'], elasticsearchNodes: ['https://search.example.com/', 'http://search:9201'], redisAddress: 'redis:6380' }
    const kafka = [{ ipBlock: { cidr: '10.1.0.0/16' } }]
    const manifests = await renderChart({ values: { config, networkPolicy: { enabled: true, engines: { kafka } } } })
    const egress = rulesOf(policyOf(manifests, 'query'), 'egress').map(({ ports, to }) => [ports?.map(({ port }) => port), to])
    expect(egress).toEqual([[[9093, 9094], kafka], [[9142], undefined], [[443, 9201], undefined], [[6380], undefined]])
  })

  it('know the ports of engines whose addresses name none', async () => {
    const config = { kafkaBrokers: ['kafka-0', 'kafka-1:9093'], cassandraContactPoints: 'cassandra-0, cassandra-1', elasticsearchNodes: 'http://search, https://search.example.com', redisAddress: 'redis' }
    const manifests = await renderChart({ values: { config, networkPolicy: { enabled: true } } })
    expect(rulesOf(policyOf(manifests, 'query'), 'egress').map(({ ports }) => ports?.map(({ port }) => port))).toEqual([[9092, 9093], [9042], [80, 443], [6379]])
  })

  it('let Prometheus read the figures of every app', async () => {
    const metricsFrom = [{ namespaceSelector: { matchLabels: { team: 'watch' } } }]
    const manifests = await renderChart({ values: { engines: { bundled: true }, networkPolicy: { enabled: true, metricsFrom } } })
    for (const app of ['gateway', 'intake', 'router', 'writer', 'indexer', 'query']) expect([app, rulesOf(policyOf(manifests, app), 'ingress')]).toEqual([app, expect.arrayContaining([{ ports: [{ port: 9464, protocol: 'TCP' }], from: metricsFrom }])])
  })
})

/** Who can reach whom among the release's pods, `gateway > intake:8080`: both sides must allow it. */
function waysOf(manifests: readonly Manifest[]): readonly string[] {
  const pods = podsOf(manifests)
  const allowed = (pod: ChartPod, direction: 'ingress' | 'egress', other: ChartPod, port: number): boolean => {
    const applying = manifests.filter(({ kind, spec }) => kind === 'NetworkPolicy' && (spec as unknown as PolicySpec).policyTypes.includes(direction === 'ingress' ? 'Ingress' : 'Egress') && isSelected(pod.labels, (spec as unknown as PolicySpec).podSelector.matchLabels))
    if (applying.length === 0) return true
    return applying.flatMap((policy) => rulesOf(policy, direction)).some((rule) => {
      const peers = direction === 'ingress' ? rule.from : rule.to
      return (rule.ports ?? []).some((each) => each.port === port) && (peers === undefined || peers.some((peer) => peer.podSelector !== undefined && isSelected(other.labels, peer.podSelector.matchLabels)))
    })
  }
  const ports = [8080, 9092, 9042, 9200, 6379, 4317]
  const ways = pods.flatMap((from) => pods.flatMap((to) => ports.filter((port) => from !== to && allowed(from, 'egress', to, port) && allowed(to, 'ingress', from, port)).map((port) => `${componentOf(from.labels)} > ${componentOf(to.labels)}:${port}`)))
  // No policy may leave an engine with a way out.
  expect(ways.filter((way) => ENGINES.some((engine) => way.startsWith(engine)))).toEqual([])
  return ways.sort()
}

function policyOf(manifests: readonly Manifest[], app: string): Manifest | undefined {
  return manifests.find(({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === `millrace-${app}`)
}

function rulesOf(policy: Manifest | undefined, direction: 'ingress' | 'egress'): readonly Rule[] {
  return (policy?.spec as unknown as PolicySpec | undefined)?.[direction] ?? []
}

interface PolicySpec {
  readonly podSelector: { readonly matchLabels: Readonly<Record<string, string>> }
  readonly policyTypes: readonly string[]
  readonly ingress?: readonly Rule[]
  readonly egress?: readonly Rule[]
}

interface Rule {
  readonly ports?: readonly { readonly port: number; readonly protocol: string }[]
  readonly from?: readonly Peer[]
  readonly to?: readonly Peer[]
}

interface Peer {
  readonly podSelector?: { readonly matchLabels: Readonly<Record<string, string>> }
  readonly namespaceSelector?: { readonly matchLabels: Readonly<Record<string, string>> }
}
