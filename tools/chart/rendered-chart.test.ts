import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readServiceSettings } from '@millrace/service/settings'
import { readConfig } from '@millrace/standalone/config'
import { parse } from 'yaml'
import { componentOf, isSelected, podsOf, type ChartPod } from './chart-pods.ts'
import { chartFolder } from './generated-files.ts'
import { openKubernetesSchemas, type CheckManifest } from './kubernetes-schemas.ts'
import { mountPod } from './mount-pod.ts'
import { restrictedViolations } from './pod-security.ts'
import { lintChart, renderChart, type Manifest } from './render-chart.ts'

const BUNDLED = { engines: { bundled: true } }
/** Everything that has a flag, with what is left off as a rule. */
const ALL_FLAGS = {
  networkPolicy: { enabled: true },
  monitoring: { serviceMonitor: { enabled: true }, prometheusRule: { enabled: true }, dashboards: { enabled: true } },
  appDefaults: { autoscaling: { enabled: true } },
  ingress: { enabled: true, host: 'logs.example.com', grpc: { enabled: true, host: 'otlp.example.com' } },
  config: { syslogTcpPort: 1601, syslogUdpPort: 1514 },
  image: { pullSecrets: ['pull'] },
}
const RENDERINGS = [
  ...['values-kind.yaml', 'values-minikube.yaml', 'values-production.yaml', 'values-standalone.yaml'].map((file) => ({ name: file, valuesFiles: [file], values: {} })),
  { name: 'bundled engines and nothing else', valuesFiles: [], values: BUNDLED },
  { name: 'bundled engines and every flag', valuesFiles: [], values: { ...BUNDLED, ...ALL_FLAGS } },
  { name: 'the standalone process and every flag', valuesFiles: [], values: { mode: 'standalone', ...ALL_FLAGS } },
]
/** Of the operators that many clusters have; Kubernetes has no schema of them. */
const OPERATORS_KINDS = new Set(['ServiceMonitor', 'PrometheusRule'])
/** Of a name that DNS must carry. */
const MAX_NAME_LENGTH = 63
/** These images start as they are; their programs have other ways to be told apart. */
const ENGINES = new Set(['kafka', 'cassandra', 'elasticsearch', 'redis'])

describe('values files', () => {
  it('are all looked at here', async () => {
    const files = (await readdir(chartFolder)).filter((name) => /^values-.*\.yaml$/.test(name))
    expect(RENDERINGS.flatMap(({ valuesFiles }) => valuesFiles)).toEqual(files.sort())
  })

  it.each([[], ...RENDERINGS.map(({ valuesFiles }) => valuesFiles).filter(({ length }) => length > 0)])('are taken by helm lint --strict: %s', async (...files: string[]) => {
    expect(await lintChart(files)).toContain('1 chart(s) linted, 0 chart(s) failed')
  })
})

describe.each(RENDERINGS)('the chart with $name', ({ valuesFiles, values }) => {
  let manifests: readonly Manifest[]
  let pods: readonly ChartPod[]
  let check: CheckManifest

  beforeAll(async () => {
    manifests = await renderChart({ valuesFiles, values })
    pods = podsOf(manifests)
    check = await openKubernetesSchemas()
  }, 120_000)

  it('holds objects that Kubernetes takes', () => {
    const ours = manifests.filter(({ kind }) => !OPERATORS_KINDS.has(kind))
    expect(ours.length).toBeGreaterThan(5)
    expect(ours.flatMap(check)).toEqual([])
  })

  it('has pods that the standard "restricted" lets through, tests and hooks too', () => {
    expect(pods.length).toBeGreaterThan(1)
    expect(pods.flatMap(({ owner, spec }) => restrictedViolations(spec).map((violation) => `${owner.metadata.name}: ${violation}`))).toEqual([])
  })

  it('gives every object a name of its own that DNS can carry, and says that it is of the release', () => {
    const names = manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`)
    expect(new Set(names).size).toBe(names.length)
    for (const { metadata } of manifests) {
      expect(metadata.name).toMatch(/^millrace(-|$)/)
      expect(metadata.name.length).toBeLessThanOrEqual(MAX_NAME_LENGTH)
      expect(metadata.labels).toMatchObject({ 'app.kubernetes.io/name': 'millrace', 'app.kubernetes.io/instance': 'millrace', 'app.kubernetes.io/managed-by': 'Helm' })
    }
  })

  it('selects by labels that the pods have, and by nothing that changes with the version', () => {
    for (const { owner, labels } of pods.filter(({ owner }) => !['Job', 'CronJob'].includes(owner.kind))) {
      const selector = (owner.spec?.['selector'] as { matchLabels: Record<string, string> }).matchLabels
      expect(isSelected(labels, selector)).toBe(true)
      expect(Object.keys(selector).sort()).toEqual(['app.kubernetes.io/component', 'app.kubernetes.io/instance', 'app.kubernetes.io/name'])
      expect(pods.filter((other) => isSelected(other.labels, selector))).toHaveLength(1)
    }
    for (const budget of manifests.filter(({ kind }) => kind === 'PodDisruptionBudget')) {
      expect(pods.filter(({ labels }) => isSelected(labels, (budget.spec?.['selector'] as { matchLabels: Record<string, string> }).matchLabels))).toHaveLength(1)
    }
  })

  it('has Services that lead to a port of exactly one app', () => {
    for (const service of manifests.filter(({ kind }) => kind === 'Service')) {
      const chosen = pods.filter(({ labels }) => isSelected(labels, service.spec?.['selector'] as Record<string, string>))
      expect(chosen.map(({ labels }) => componentOf(labels))).toEqual([componentOf(service.metadata.labels)])
      const ports = new Set(chosen[0]?.spec.containers.flatMap((container) => (container.ports ?? []).map(({ name }) => name)))
      for (const { targetPort } of service.spec?.['ports'] as readonly { targetPort: string }[]) expect(ports).toContain(targetPort)
    }
  })

  it('shows the figures of every app at a port that no address for senders leads to', () => {
    const services = manifests.filter(({ kind }) => kind === 'Service')
    const withFigures = services.filter(({ spec }) => (spec?.['ports'] as readonly { name: string }[]).some(({ name }) => name === 'metrics'))
    expect(withFigures.map(({ spec }) => spec?.['clusterIP'])).toEqual(withFigures.map(() => 'None'))
    expect(new Set(withFigures.map(({ metadata }) => componentOf(metadata.labels)))).toEqual(new Set(pods.filter(({ owner }) => owner.kind === 'Deployment').map(({ labels }) => componentOf(labels))))
  })

  it('probes every app at a port that it has: /livez for starting and staying, /readyz for traffic', () => {
    for (const { labels, spec } of pods.filter(({ owner }) => owner.kind === 'Deployment')) {
      const [container] = spec.containers
      expect(container?.ports?.map(({ name }) => name)).toContain('http')
      expect([componentOf(labels), container?.startupProbe?.httpGet, container?.livenessProbe?.httpGet, container?.readinessProbe?.httpGet]).toEqual([
        componentOf(labels), { path: '/livez', port: 'http' }, { path: '/livez', port: 'http' }, { path: '/readyz', port: 'http' },
      ])
      expect(spec.terminationGracePeriodSeconds).toBe(40)
    }
    for (const { owner, spec } of pods.filter(({ owner }) => owner.kind === 'StatefulSet')) {
      expect([owner.metadata.name, ...spec.containers.map(({ startupProbe, readinessProbe, livenessProbe }) => [startupProbe, readinessProbe, livenessProbe].includes(undefined))]).toEqual([owner.metadata.name, false])
    }
  })

  it('spreads the pods of an app over nodes that take them, each revision by itself', () => {
    for (const { labels, spec } of pods.filter(({ owner }) => owner.kind === 'Deployment')) {
      const selector = { matchLabels: { 'app.kubernetes.io/name': 'millrace', 'app.kubernetes.io/instance': 'millrace', 'app.kubernetes.io/component': componentOf(labels) } }
      const constraint = (topologyKey: string): unknown => expect.objectContaining({ topologyKey, labelSelector: selector, matchLabelKeys: ['pod-template-hash'], nodeTaintsPolicy: 'Honor' })
      expect(spec.topologySpreadConstraints).toEqual([constraint('kubernetes.io/hostname'), constraint('topology.kubernetes.io/zone')])
    }
  })

  it('bounds the memory of every container, and none of its CPU', () => {
    for (const { spec } of pods) {
      for (const { name, resources } of spec.containers) expect([name, resources?.requests, resources?.limits]).toEqual([name, { cpu: expect.any(String), memory: expect.any(String) }, { memory: expect.any(String) }])
    }
  })

  it('gives pods no token, and none of the variables that Kubernetes makes of Services', () => {
    expect(pods.map(({ spec }) => [spec.automountServiceAccountToken, spec.enableServiceLinks])).toEqual(pods.map(() => [false, false]))
  })

  it('runs images of its own version, and lets each app write to /tmp and /data only', async () => {
    const { appVersion } = parse(await readFile(join(chartFolder, 'Chart.yaml'), 'utf8')) as { appVersion: string }
    for (const { labels, spec } of pods.filter(({ labels }) => !ENGINES.has(componentOf(labels)))) {
      const [container] = spec.containers
      expect(container?.image).toMatch(new RegExp(`^millrace/[a-z]+:${appVersion}$`))
      expect(container?.securityContext).toMatchObject({ readOnlyRootFilesystem: true })
      const writable = container?.volumeMounts.filter((mount) => !('readOnly' in mount)).map(({ mountPath }) => mountPath)
      expect(writable).toEqual(componentOf(labels) === 'standalone' ? ['/tmp', '/data'] : ['/tmp'])
    }
  })

  it('gives every app settings and secrets that the app itself takes', async () => {
    for (const pod of pods.filter(({ labels }) => !ENGINES.has(componentOf(labels)) && componentOf(labels) !== 'test')) {
      const folder = await mkdtemp(join(tmpdir(), 'millrace-chart-'))
      try {
        const mounted = await mountPod(pod, manifests, folder)
        // What the command line itself takes, besides the settings.
        const environment = Object.fromEntries(Object.entries(mounted).filter(([name]) => componentOf(pod.labels) !== 'doctor' || !/^MILLRACE_(?:URL|API_KEY_FILE)$/.test(name)))
        const settings = componentOf(pod.labels) === 'standalone' ? readConfig(environment) : readServiceSettings(environment)
        expect([settings.httpPort, settings.metricsPort]).toEqual([8080, 9464])
        if (['standalone', 'migrate'].includes(componentOf(pod.labels))) expect(settings).toMatchObject({ bootstrapApiKey: expect.stringMatching(/.{20}/), bootstrapAdminKey: expect.stringMatching(/.{20}/) })
        else expect(settings.bootstrapAdminKey).toBeUndefined()
      } finally {
        await rm(folder, { recursive: true })
      }
    }
  })

  it('has no secret in a ConfigMap', () => {
    const secrets = manifests.filter(({ kind }) => kind === 'Secret').flatMap(({ data = {} }) => Object.values(data)).flatMap((value) => [value, Buffer.from(value, 'base64').toString()])
    const open = JSON.stringify(manifests.filter(({ kind }) => kind !== 'Secret'))
    expect(secrets.filter((secret) => open.includes(secret))).toEqual([])
    expect(open).not.toMatch(/(?:password|apiKey|adminKey)\\*"?:/i)
  })

  it('has Jobs that go by themselves some time after they have ended', () => {
    expect(manifests.filter(({ kind }) => kind === 'Job').filter(({ spec }) => !(Number(spec?.['ttlSecondsAfterFinished']) > 0)).map(({ metadata }) => metadata.name)).toEqual([])
  })

  it('leaves nothing of its hooks behind', () => {
    for (const { kind, metadata, spec } of manifests.filter(({ metadata }) => metadata.annotations?.['helm.sh/hook'] !== undefined)) {
      expect(metadata.annotations?.['helm.sh/hook-delete-policy']).toBe('before-hook-creation,hook-succeeded')
      // What has failed is kept for its logs, and goes by itself.
      if (kind === 'Job') expect(spec?.['ttlSecondsAfterFinished']).toBeGreaterThan(0)
    }
  })
})

describe('monitoring', () => {
  it('takes alerts and dashboards as their files have them', async () => {
    const manifests = await renderChart({ values: { ...BUNDLED, ...ALL_FLAGS } })
    const alerts = parse(await readFile(join(chartFolder, 'files/alerts.yaml'), 'utf8')) as object
    expect(manifests.find(({ kind }) => kind === 'PrometheusRule')?.spec).toEqual(alerts)
    const dashboards = await readdir(join(chartFolder, 'files/dashboards'))
    expect(dashboards.length).toBeGreaterThan(0)
    for (const name of dashboards) {
      const map = manifests.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === `millrace-dashboard-${name.replace('.json', '')}`)
      expect(JSON.parse(map?.data?.[name] ?? '')).toEqual(JSON.parse(await readFile(join(chartFolder, 'files/dashboards', name), 'utf8')))
      expect(map?.metadata.labels).toMatchObject({ grafana_dashboard: '1' })
    }
  })
})
