import { dashboardOf, type Dashboard } from './panel.ts'

/** Chosen above the dashboard. */
const NAMESPACE = 'namespace=~"$namespace"'
/** Of whoever senders and people meet first; probes are none of them. */
const FRONT = 'app=~"gateway|standalone",route!~"/livez|/readyz"'
/** Requests that bring events: the same as in AcksSlow of the alerts. */
const BRINGS_EVENTS = 'app=~"intake|standalone",route=~".*_bulk|/v1/(events|syslog|input.*|logs)|/otlp/v1/logs|/api/v1/input|/api/v2/logs|.*/push|/services/collector.*"'
/** Requests that ask: the same as in QuestionsSlow. */
const ASKS = 'app=~"query|standalone",route=~"/api/v2/logs/(events.*|analytics/.*)|/v1/(search|patterns|facets.*)|/loki/api/v1/query.*"'

/** The sum of a counter's rates. */
function rate(metric: string, { where = '', by = '' } = {}): string {
  return `sum${by === '' ? '' : ` by (${by})`} (rate(${metric}{${[where, NAMESPACE].filter((part) => part !== '').join(',')}}[$__rate_interval]))`
}

function quantiles(histogram: string, where = ''): Readonly<Record<string, string>> {
  return Object.fromEntries([['half of them', 0.5], ['95 in 100', 0.95], ['99 in 100', 0.99]].map(([legend, q]) => [String(legend), `histogram_quantile(${q}, ${rate(`${histogram}_bucket`, { where, by: 'le' })})`]))
}

/** Whether all is well, and where it is not: from senders to answers. */
export const overview: Dashboard = dashboardOf({
  uid: 'millrace-overview',
  title: 'Millrace',
  description: 'From the senders to the answers. Red lines are where alerts begin; docs/runbooks.md has a section for each.',
  rows: [
    {
      title: 'Senders',
      panels: [
        { title: 'Events', about: 'What intake accepted and refused.', unit: 'ops', lines: { '{{outcome}}': rate('millrace_intake_events_total', { by: 'outcome' }) } },
        { title: 'Bytes', about: 'Of bodies, unpacked.', unit: 'Bps', lines: { received: rate('millrace_intake_body_bytes_total') } },
        { title: 'Until acknowledged', about: 'From the head of a request to the answer that says its events are durable.', unit: 's', limit: 2, lines: quantiles('millrace_http_request_duration_seconds', BRINGS_EVENTS) },
        { title: 'Told to come again, or to slow down', about: '503 and 429; senders repeat, nothing is lost.', unit: 'reqps', lines: { '{{status}}': rate('millrace_http_requests_total', { where: `${FRONT},status=~"503|429"`, by: 'status' }) } },
        { title: 'Refused for good', about: 'Other statuses from 400 on. 500 is a fault of ours.', unit: 'reqps', lines: { '{{status}}': rate('millrace_http_requests_total', { where: `${FRONT},status=~"[45]..",status!~"503|429"`, by: 'status' }) } },
        { title: 'Waits for Kafka', about: 'Received bytes that intake holds; from 64 MB on senders are told to come again.', unit: 'bytes', limit: 48e6, lines: { '{{app}} {{instance}}': `max by (app, instance) (millrace_intake_waiting_bytes{${NAMESPACE}})` } },
      ],
    },
    {
      title: 'Pipeline',
      panels: [
        { title: 'Lag', about: 'How far an answer given now is behind what is acknowledged, by the replica that knows best.', unit: 's', limit: 10, lines: { lag: `min(millrace_query_lag_seconds{${NAMESPACE}})` } },
        { title: 'Freshness', about: 'From the receipt of the newest record of a flush to its commit.', unit: 's', limit: 5, lines: quantiles('millrace_writer_commit_age_seconds') },
        { title: 'Commits', about: 'A busy partition has 2.5 a second.', unit: 'ops', lines: { commits: rate('millrace_writer_commits_total'), seals: rate('millrace_indexer_seals_total') } },
        { title: 'Dead letters', about: 'Records that could not be stored and were put aside, in the last hour.', unit: 'short', limit: 1, lines: { '{{app}}': `sum by (app) (increase(millrace_dead_letters_total{${NAMESPACE}}[1h]))` } },
        {
          title: 'Begun again', about: 'Stages that begin again from their commit: single ones are how they get over a fault.', unit: 'ops', limit: 0.1,
          lines: { router: rate('millrace_router_restarts_total'), writer: rate('millrace_writer_restarts_total'), indexer: rate('millrace_indexer_restarts_total') },
        },
        {
          title: 'Waits to be sealed and indexed', about: 'Age of the oldest pack that is not joined, by partition, and sealed fragments that are in no index.', unit: 'short',
          lines: { 'age in s, partition {{partition}}': `max by (partition) (millrace_indexer_unsealed_age_seconds{${NAMESPACE}})`, 'not indexed': `sum(millrace_indexer_unindexed_rows{${NAMESPACE}})` },
        },
      ],
    },
    {
      title: 'Answers',
      panels: [
        { title: 'Questions', about: 'Answered, by route.', unit: 'reqps', lines: { '{{route}}': rate('millrace_http_requests_total', { where: ASKS, by: 'route' }) } },
        { title: 'Until answered', about: 'From the head of a question to the end of its answer.', unit: 's', limit: 10, lines: quantiles('millrace_http_request_duration_seconds', ASKS) },
        { title: 'Behind', about: 'How far answers were behind the acknowledgements.', unit: 's', limit: 5, lines: quantiles('millrace_query_behind_seconds') },
        { title: 'Incomplete', about: 'Answers that say complete false, by reason.', unit: 'ops', lines: { '{{reason}}': rate('millrace_query_incomplete_total', { by: 'reason' }) } },
      ],
    },
    {
      title: 'Processes',
      panels: [
        { title: 'CPU', about: 'Cores in use, by service.', unit: 'short', lines: { '{{app}}': rate('millrace_process_cpu_seconds_total', { by: 'app' }) } },
        { title: 'Memory', about: 'Resident, the largest process of each service.', unit: 'bytes', lines: { '{{app}}': `max by (app) (millrace_process_resident_memory_bytes{${NAMESPACE}})` } },
        { title: 'Replicas', about: 'That are scraped, by service.', unit: 'short', lines: { '{{app}}': `count by (app) (millrace_process_start_time_seconds{${NAMESPACE}})` } },
        { title: 'Event loop', about: 'How late a main thread is, 99 in 100 turns.', unit: 's', limit: 0.5, lines: { '{{app}}': `max by (app) (millrace_nodejs_eventloop_lag_p99_seconds{${NAMESPACE}})` } },
        { title: 'Begun anew', about: 'Processes that started in the last half hour.', unit: 'short', lines: { '{{app}}': `sum by (app) (changes(millrace_process_start_time_seconds{${NAMESPACE}}[30m]))` } },
        { title: 'Descriptors', about: 'Share of the open files that are allowed.', unit: 'percentunit', limit: 0.8, lines: { '{{app}}': `max by (app) (millrace_process_open_fds{${NAMESPACE}} / millrace_process_max_fds{${NAMESPACE}})` } },
      ],
    },
  ],
})
