import { ValueType, type Attributes, type HrTime } from '@opentelemetry/api'
import { emptyResource } from '@opentelemetry/resources'
import { AggregationTemporality, DataPointType, type DataPoint, type Histogram, type MetricData, type MetricProducer } from '@opentelemetry/sdk-metrics'
import type { Clock } from '@millrace/runtime/clock'
import type { Registry } from './metrics.ts'

/**
 * Reads the registry of `/metrics` for OTLP, so that the code counts once. Names and labels stay as they are. A counter becomes a monotonic cumulative sum, a gauge a gauge, a
 * histogram one with the same explicit bounds. Summaries have no equal and are left out; we have none. Sums begin now: a receiver tells a restart by it.
 */
export function createRegistryProducer(registry: Registry, clock: Clock): MetricProducer {
  const startTime = hrTimeOf(clock.nowMs())
  return {
    async collect() {
      const times = { startTime, endTime: hrTimeOf(clock.nowMs()) }
      const metrics = (await registry.getMetricsAsJSON()).flatMap((metric) => metricDataOf(metric, times))
      return { resourceMetrics: { resource: emptyResource(), scopeMetrics: [{ scope: { name: 'millrace' }, metrics }] }, errors: [] }
    },
  }
}

interface PointTimes {
  readonly startTime: HrTime
  readonly endTime: HrTime
}

type RegistryMetric = Awaited<ReturnType<Registry['getMetricsAsJSON']>>[number]

function metricDataOf({ name, help, type, values }: RegistryMetric, times: PointTimes): readonly MetricData[] {
  const kind = String(type) // the library declares a number; it is the kind's name
  const common = { descriptor: { name, description: help, unit: '', valueType: ValueType.DOUBLE }, aggregationTemporality: AggregationTemporality.CUMULATIVE } as const
  const points = (): DataPoint<number>[] => values.map(({ labels, value }) => ({ ...times, attributes: attributesOf(labels), value }))
  if (kind === 'counter') return [{ ...common, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints: points() }]
  if (kind === 'gauge') return [{ ...common, dataPointType: DataPointType.GAUGE, dataPoints: points() }]
  if (kind === 'histogram') return [{ ...common, dataPointType: DataPointType.HISTOGRAM, dataPoints: histogramPoints(name, values, times) }]
  return []
}

/** Prometheus counts everything up to a bound, OTLP what lies between two. */
function histogramPoints(name: string, values: RegistryMetric['values'], times: PointTimes): DataPoint<Histogram>[] {
  const points = new Map<string, { readonly attributes: Attributes; readonly bounds: { le: number; count: number }[]; sum: number; count: number }>()
  for (const { labels, value, ...rest } of values) {
    const { le, ...attributes } = attributesOf(labels)
    const key = JSON.stringify(attributes)
    const point = points.get(key) ?? { attributes, bounds: [], sum: 0, count: 0 }
    points.set(key, point)
    const part = 'metricName' in rest ? rest.metricName : undefined
    if (part === `${name}_sum`) point.sum = value
    else if (part === `${name}_count`) point.count = value
    else if (le !== undefined && le !== '+Inf') point.bounds.push({ le: Number(le), count: value })
  }
  return [...points.values()].map(({ attributes, bounds, sum, count }) => {
    bounds.sort((a, b) => a.le - b.le)
    const upTo = [...bounds.map((bound) => bound.count), count]
    const counts = upTo.map((total, index) => total - (upTo[index - 1] ?? 0))
    return { ...times, attributes, value: { buckets: { boundaries: bounds.map(({ le }) => le), counts }, sum, count } }
  })
}

function attributesOf(labels: RegistryMetric['values'][number]['labels']): Attributes {
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== undefined))
}

function hrTimeOf(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000)
  return [seconds, Math.round((ms - seconds * 1000) * 1_000_000)]
}
