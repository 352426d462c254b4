import { standaloneSchema } from '@millrace/standalone/config'
import { serviceSchema } from '@millrace/service/settings'
import { z } from 'zod'
import { secretSettings } from './secret-settings.ts'
import { settingsJsonSchema } from './settings-json-schema.ts'

/** A JSON Schema, draft 7, which is what Helm reads. */
export type JsonSchema = Readonly<Record<string, unknown>>

/**
 * The schema of the chart's values: of settings what the apps' own schemas say, of everything else what stands here. Names that are not in it are refused.
 * Prose is in values.yaml alone, where people read it.
 */
export function valuesJsonSchema(): JsonSchema {
  const { $schema, definitions, ...schema } = z.toJSONSchema(values, { target: 'draft-7', io: 'input' })
  const settings = {
    serviceSettings: settingsJsonSchema(serviceSchema, { omit: ['httpPort', 'metricsPort'], secrets: secretSettings }),
    standaloneSettings: settingsJsonSchema(standaloneSchema, { omit: ['httpPort', 'metricsPort', 'dataDir'], secrets: secretSettings }),
  }
  const inMode = (mode: string, name: keyof typeof settings): JsonSchema => ({
    if: { properties: { mode: { const: mode } } },
    then: { properties: { config: { $ref: `#/definitions/${name}` } } },
  })
  return { $schema, title: "Values of Millrace's chart", ...schema, allOf: [inMode('services', 'serviceSettings'), inMode('standalone', 'standaloneSettings')], definitions: { ...(definitions as JsonSchema), ...settings } }
}

/** What only Kubernetes can judge, and does at the installation. */
const kubernetesObject = z.record(z.string(), z.unknown())
const kubernetesList = z.array(kubernetesObject)
const labels = z.record(z.string(), z.string()).meta({ id: 'labels' })
const count = z.int().min(0)
/** As Kubernetes writes memory and disks: `512Mi`. */
const quantity = z.string().regex(/^[0-9]+(\.[0-9]+)?([kMGTPE]i?)?$/)
/** As a JVM reads a heap: `512m`. */
const heap = z.string().regex(/^[0-9]+[kKmMgG]$/)
/** Of an object of the namespace, or empty. */
const objectName = z.string().regex(/^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$/)
const resources = z.strictObject({ requests: z.record(z.string(), z.union([z.string(), z.number()])), limits: z.record(z.string(), z.union([z.string(), z.number()])) }).partial().meta({ id: 'resources' })
/** Settings: the apps' own schemas take the place of these. */
const serviceSettings = z.record(z.string(), z.unknown()).meta({ id: 'serviceSettings' })
const standaloneSettings = z.record(z.string(), z.unknown()).meta({ id: 'standaloneSettings' })

const service = z.strictObject({ annotations: labels })
const frontService = z.strictObject({
  type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer']),
  nodePort: z.int().min(0).max(65_535),
  loadBalancerClass: z.string(),
  loadBalancerSourceRanges: z.array(z.string()),
  externalTrafficPolicy: z.enum(['', 'Cluster', 'Local']),
  annotations: labels,
})

const ofEveryPod = {
  resources,
  terminationGracePeriodSeconds: z.int().min(1),
  podAnnotations: labels,
  podLabels: labels,
  nodeSelector: labels,
  tolerations: kubernetesList,
  affinity: kubernetesObject,
  priorityClassName: z.string(),
  extraEnv: kubernetesList,
  topologySpreadConstraints: kubernetesList,
  podDisruptionBudget: z.strictObject({ enabled: z.boolean(), maxUnavailable: z.union([z.int().min(1), z.string().regex(/^[0-9]+%$/)]) }).partial(),
}
const ofEveryApp = {
  ...ofEveryPod,
  replicas: count,
  autoscaling: z.strictObject({ enabled: z.boolean(), minReplicas: z.int().min(1), maxReplicas: z.int().min(1), targetCpu: z.int().min(1) }).partial(),
}
const ofEveryService = { ...ofEveryApp, config: serviceSettings }
const app = z.strictObject({ ...ofEveryService, service: service.partial() }).partial().meta({ id: 'app' })

const volume = { enabled: z.boolean(), size: quantity, storageClass: z.string() }
const engine = { image: z.string(), resources }
const gate = { enabled: z.boolean() }
const way = { annotations: labels, host: z.string(), tlsSecret: objectName }

const values = z.strictObject({
  mode: z.enum(['services', 'standalone']),
  image: z.strictObject({ registry: z.string(), repository: z.string(), tag: z.string().regex(/^[\w.-]*$/), pullPolicy: z.enum(['IfNotPresent', 'Always', 'Never']), pullSecrets: z.array(z.string()) }),
  config: kubernetesObject,
  existingSecrets: z.strictObject({ keys: objectName, kafka: objectName, cassandra: objectName, elasticsearch: objectName, redis: objectName, syslog: objectName }),
  trustedCertificates: z.strictObject({ configMap: objectName, entry: z.string() }),
  extraEnv: kubernetesList,
  serviceAccount: z.strictObject({ create: z.boolean(), name: objectName, annotations: labels }),
  appDefaults: z.strictObject({ ...ofEveryApp, service }),
  gateway: z.strictObject({ ...ofEveryService, service: frontService.partial() }).partial(),
  intake: app,
  router: app,
  writer: app,
  indexer: app,
  query: app,
  standalone: z.strictObject({ ...ofEveryPod, config: standaloneSettings, service: frontService.partial(), persistence: z.strictObject({ ...volume, existingClaim: objectName, keep: z.boolean() }) }).partial().required({ persistence: true }),
  engines: z.strictObject({
    bundled: z.boolean(),
    registry: z.string(),
    kafka: z.strictObject({ ...engine, heap, persistence: z.strictObject(volume) }),
    cassandra: z.strictObject({ ...engine, heap, persistence: z.strictObject(volume) }),
    elasticsearch: z.strictObject({ ...engine, heap, persistence: z.strictObject(volume) }),
    redis: z.strictObject({ ...engine, maxMemory: z.string().regex(/^[0-9]+(kb|mb|gb)$/) }),
  }),
  ingress: z.strictObject({ ...gate, className: z.string(), ...way, grpc: z.strictObject({ ...gate, ...way }) }),
  networkPolicy: z.strictObject({
    ...gate,
    from: kubernetesList,
    metricsFrom: kubernetesList,
    engines: z.strictObject({ kafka: kubernetesList, cassandra: kubernetesList, elasticsearch: kubernetesList, redis: kubernetesList }),
    egress: kubernetesList,
  }),
  monitoring: z.strictObject({
    serviceMonitor: z.strictObject({ ...gate, interval: z.string().regex(/^[0-9]+(ms|s|m|h)$/), labels }),
    prometheusRule: z.strictObject({ ...gate, labels }),
    dashboards: z.strictObject({ ...gate, labels, annotations: labels }),
  }),
  migration: z.strictObject({ ...gate, backoffLimit: count, activeDeadlineSeconds: z.int().min(1), resources }),
  tests: z.strictObject({ timeoutSeconds: z.int().min(1).max(3600), resources }),
  // Helm's own, for whoever takes this chart into another.
  global: kubernetesObject.optional(),
})
