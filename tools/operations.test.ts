import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { topicsOf } from '@millrace/bus/topics'
import { createHttpMetrics } from '@millrace/access/http-metrics'
import { INTAKE_ROUTES, QUERY_ROUTES } from '@millrace/gateway/forward-routes'
import { createSyslogMetrics } from '@millrace/gateway/syslog-metrics'
import { createIndexerMetrics } from '@millrace/indexer/indexer-metrics'
import { createIntakeMetrics } from '@millrace/intake/intake-metrics'
import { createQueryMetrics } from '@millrace/query/query-metrics'
import { watchLag } from '@millrace/query/watch-lag'
import { createRouterMetrics } from '@millrace/router/router-metrics'
import { systemClock } from '@millrace/runtime/system-clock'
import { createLog } from '@millrace/telemetry/log'
import { createRegistry } from '@millrace/telemetry/metrics'
import { createWriterMetrics } from '@millrace/writer/writer-metrics'
import { readPromql } from './alerts/promql.ts'
import { alertsTable, readAlerts } from './alerts/read-alerts.ts'
import { dashboardFiles } from './dashboards/dashboard-files.ts'

const root = join(import.meta.dirname, '..')

/** Labels by metric, as all apps together have them, series of histograms too. */
const known = await knownMetrics()
/** What Prometheus itself adds. */
const TARGET_LABELS = ['job', 'instance', 'namespace', 'pod']

describe('docs/operations.md', () => {
  it('names metrics and settings that exist', async () => {
    const text = await operations()
    const metrics = [...text.matchAll(/\bmillrace_\w+/g)].map(([name]) => name)
    expect(metrics.filter((name) => !known.has(name))).toEqual([])
    const configuration = await readFile(join(root, 'docs/configuration.md'), 'utf8')
    const settings = [...text.matchAll(/\bMILLRACE_[A-Z_]+/g)].map(([name]) => name.replace(/_FILE$/, ''))
    expect(settings.length).toBeGreaterThan(5)
    expect(settings.filter((name) => !configuration.includes(`\`${name}\``))).toEqual([])
  })

  it('has a row for each alert, made of the alert', async () => {
    expect(await operations()).toContain(alertsTable(await readAlerts()))
  })
})

describe('the alerts', () => {
  it('are PromQL on metrics and labels that exist', async () => {
    const alerts = await readAlerts()
    expect(alerts.length).toBeGreaterThan(20)
    for (const { alert, expr } of alerts) expect({ alert, unknown: unknownOf(expr) }).toEqual({ alert, unknown: [] })
  })

  it('have a severity, a duration that Prometheus reads, and a runbook with all of its parts; no runbook is left over', async () => {
    const alerts = await readAlerts()
    const text = await readFile(join(root, 'docs/runbooks.md'), 'utf8')
    const sections = new Map(text.split(/^## /m).slice(1).map((section) => [section.slice(0, section.indexOf('\n')), section]))
    expect([...sections.keys()]).toEqual(alerts.map(({ alert }) => alert))
    for (const { alert, for: duration = '0s', labels, annotations } of alerts) {
      expect(annotations.runbook_url).toBe(`docs/runbooks.md#${alert.toLowerCase()}`)
      expect(['page', 'ticket']).toContain(labels.severity)
      expect(duration).toMatch(/^\d+[smh]$/)
      const section = sections.get(alert) ?? ''
      for (const part of ['Means', 'Look at', 'Do', 'Ends']) expect(section).toContain(`- **${part}**: `)
    }
  })

  it('have runbooks that name metrics and messages of the log that exist', async () => {
    const text = await readFile(join(root, 'docs/runbooks.md'), 'utf8')
    expect([...text.matchAll(/\bmillrace_\w+/g)].map(([name]) => name).filter((name) => !known.has(name))).toEqual([])
    for (const [, query = ''] of text.matchAll(/`((?:count|sum|rate)[^`]*millrace_[^`]*)`/g)) expect(unknownOf(query)).toEqual([])
    const messages = [...text.matchAll(/`([a-z]+(?: [a-z]+){3,})`/g)].map(([, message = '']) => message)
    expect(messages.length).toBeGreaterThan(8)
    const sources = await allSources()
    expect(messages.filter((message) => !sources.includes(message))).toEqual([])
  })

  it('on the times of acknowledgements and answers look at the routes that bring and ask, and at no other', async () => {
    const expressions = Object.fromEntries((await readAlerts()).map(({ alert, expr }) => [alert, expr]))
    const routesOf = (expr = ''): RegExp => new RegExp(`^(?:${/route=~"([^"]+)"/.exec(expr)?.[1] ?? 'none'})$`)
    const brings = routesOf(expressions['AcksSlow'])
    const asks = routesOf(expressions['QuestionsSlow'])
    const bringing = INTAKE_ROUTES.filter(([method, path]) => (method === 'POST' || method === 'PUT') && /_bulk$|push$|\/v1\/(events|syslog|logs|input)|api\/v2\/logs|services\/collector/.test(path)).map(([, path]) => path)
    expect(bringing.length).toBeGreaterThan(12)
    expect(bringing.filter((path) => !brings.test(path))).toEqual([])
    expect(QUERY_ROUTES.map(([, path]) => path).filter((path) => brings.test(path))).toEqual([])
    expect(INTAKE_ROUTES.map(([, path]) => path).filter((path) => asks.test(path))).toEqual([])
    for (const path of ['/v1/search', '/v1/patterns', '/api/v2/logs/events/search', '/api/v2/logs/analytics/aggregate', '/loki/api/v1/query_range']) expect([path, asks.test(path)]).toEqual([path, true])
    const all = JSON.stringify(dashboardFiles().map(({ dashboard }) => dashboard.panels.map(({ targets }) => targets?.map(({ expr }) => expr))))
    for (const { source } of [brings, asks]) expect(all).toContain(JSON.stringify(source.slice(4, -2).replaceAll('\\/', '/')).slice(1, -1))
  })
})

describe('the dashboards', () => {
  it('are what npm run dashboards makes', async () => {
    for (const { path, text } of dashboardFiles()) expect(await readFile(path, 'utf8')).toBe(text)
  })

  it('ask for metrics and labels that exist', () => {
    for (const { dashboard } of dashboardFiles()) {
      const targets = dashboard.panels.flatMap(({ title, targets = [] }) => targets.map((target) => ({ title, ...target })))
      expect(targets.length).toBeGreaterThan(30)
      for (const { title, expr, legendFormat } of targets) {
        const query = expr.replaceAll('$__rate_interval', '5m')
        expect({ title, unknown: unknownOf(query) }).toEqual({ title, unknown: [] })
        for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) expect({ title, groupings: readPromql(query).groupings }).toMatchObject({ groupings: expect.arrayContaining([label]) as string[] })
      }
    }
  })
})

/** Metrics and labels of an expression that nobody has. `up` is Prometheus' own. */
function unknownOf(expr: string): readonly string[] {
  const { metrics, groupings } = readPromql(expr)
  expect(metrics.length).toBeGreaterThan(0)
  const labels = new Set([...metrics.flatMap(({ name }) => [...(known.get(name) ?? [])]), ...TARGET_LABELS])
  return [
    ...metrics.filter(({ name }) => name !== 'up' && !known.has(name)).map(({ name }) => name),
    ...metrics.flatMap(({ name, labels: used }) => used.filter((label) => !TARGET_LABELS.includes(label) && known.get(name)?.has(label) !== true).map((label) => `${name}{${label}}`)),
    ...groupings.filter((label) => !labels.has(label)),
  ]
}

async function knownMetrics(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const registry = createRegistry('test')
  createHttpMetrics(registry)
  createSyslogMetrics(registry)
  createIntakeMetrics(registry)
  createRouterMetrics(registry)
  createWriterMetrics(registry)
  createIndexerMetrics(registry, systemClock)
  createQueryMetrics(registry)
  const catalog = { readPosition: () => Promise.reject(new Error('not asked')) }
  await watchLag({ registry, catalog, frontier: { completeUntilMs: () => undefined }, topics: topicsOf({ generation: 'g', partitions: 1 }), clock: systemClock, log: createLog('silent') }, AbortSignal.abort())
  const metrics = new Map<string, ReadonlySet<string>>()
  for (const metric of registry.getMetricsAsArray()) {
    // Its types leave the labels out.
    const { name, type, labelNames = [] } = metric as unknown as { readonly name: string; readonly type?: string; readonly labelNames?: readonly string[] }
    const labels = new Set([...labelNames, 'app'])
    metrics.set(name, labels)
    if (metric.constructor.name !== 'Histogram' && type !== 'histogram') continue
    metrics.set(`${name}_bucket`, new Set([...labels, 'le'])).set(`${name}_count`, labels).set(`${name}_sum`, labels)
  }
  return metrics
}

async function allSources(): Promise<string> {
  const texts = await Promise.all(['apps', 'libs'].map(async (parent) => {
    const paths = (await readdir(join(root, parent), { recursive: true })).filter((path) => /^[^/]+\/src\/.*(?<!\.test)\.ts$/.test(path))
    return await Promise.all(paths.map(async (path) => await readFile(join(root, parent, path), 'utf8')))
  }))
  return texts.flat().join('\n')
}

async function operations(): Promise<string> {
  return await readFile(join(root, 'docs/operations.md'), 'utf8')
}
