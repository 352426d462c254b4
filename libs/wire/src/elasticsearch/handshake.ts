/**
 * What Elasticsearch's clients ask before they write, whatever their key, and while they check that the server lives. Templates, policies and pipelines always exist and
 * may always be set: columns need no mapping.
 */
export const handshakeAnswers: readonly HandshakeAnswer[] = [
  { methods: ['GET', 'HEAD'], path: '/', answer: () => ok(BANNER) },
  { methods: ['GET', 'HEAD'], path: '/_license', answer: () => ok(LICENSE) },
  { methods: ['GET', 'HEAD'], path: '/_xpack', answer: () => ok({ build: { hash: 'unknown', date: BANNER.version.build_date }, license: LICENSE.license, features: {}, tagline: BANNER.tagline }) },
  { methods: ['GET', 'HEAD'], path: '/_cluster/health', answer: () => ok(HEALTH) },
  // No nodes: a client that sniffs keeps the addresses that it was given.
  { methods: ['GET'], path: '/_nodes/http', answer: () => ok(NODES) },
  { methods: ['GET'], path: '/_nodes', answer: () => ok(NODES) },
  ...settings('/_ilm/policy', (name) => ({ [name]: { version: 1, modified_date: BANNER.version.build_date, policy: { phases: {} } } })),
  ...settings('/_index_template', (name) => ({ index_templates: [{ name, index_template: { index_patterns: [], composed_of: [], data_stream: {} } }] })),
  ...settings('/_component_template', (name) => ({ component_templates: [{ name, component_template: { template: {} } }] })),
  ...settings('/_template', (name) => ({ [name]: { order: 0, index_patterns: [], settings: {}, mappings: {}, aliases: {} } })),
  ...settings('/_ingest/pipeline', (name) => ({ [name]: { processors: [] } })),
  ...settings('/_data_stream', (name) => ({ data_streams: [{ name, timestamp_field: { name: '@timestamp' }, indices: [], generation: 1, status: 'GREEN', template: name }] })),
  { methods: ['GET'], path: '/_cat/templates', answer: () => ok([]) },
  { methods: ['GET'], path: '/_cat/templates/:name', answer: ({ path }) => ok([{ name: nameOf(path), index_patterns: '[]', order: '0', version: null, composed_of: '' }]) },
  { methods: ['HEAD'], path: '/:index', answer: () => ok({}) },
]

export interface HandshakeAnswer {
  readonly methods: readonly ('GET' | 'HEAD' | 'PUT' | 'POST')[]
  /** As in a route: `:name` stands for one segment. */
  readonly path: string
  readonly answer: (question: HandshakeQuestion) => { readonly status: number; readonly body: object }
}

export interface HandshakeQuestion {
  readonly method: string
  /** Of the URL, still encoded. */
  readonly path: string
  readonly accept: string | undefined
}

/** The last of version 8. Shippers refuse a server older than themselves, and those of version 9 write to 8 as well. */
const VERSION = '8.19.0'

const BANNER = {
  name: 'millrace',
  cluster_name: 'millrace',
  cluster_uuid: 'bWlsbHJhY2UtY2x1c3Rlcg',
  version: {
    number: VERSION,
    build_flavor: 'default',
    build_type: 'docker',
    build_hash: 'unknown',
    build_date: '2025-07-23T22:10:15.000Z',
    build_snapshot: false,
    lucene_version: '9.12.2',
    minimum_wire_compatibility_version: '7.17.0',
    minimum_index_compatibility_version: '7.0.0',
  },
  // Older clients compare it.
  tagline: 'You Know, for Search',
} as const

const LICENSE = {
  license: { status: 'active', uid: '00000000-0000-4000-8000-000000000000', type: 'basic', issue_date: BANNER.version.build_date, issue_date_in_millis: 1_753_308_615_000, expiry_date_in_millis: 4_000_000_000_000, max_nodes: 1000, issued_to: 'millrace', issuer: 'millrace' },
} as const

const HEALTH = {
  cluster_name: 'millrace', status: 'green', timed_out: false, number_of_nodes: 1, number_of_data_nodes: 1, active_primary_shards: 1, active_shards: 1, relocating_shards: 0, initializing_shards: 0,
  unassigned_shards: 0, delayed_unassigned_shards: 0, number_of_pending_tasks: 0, number_of_in_flight_fetch: 0, task_max_waiting_in_queue_millis: 0, active_shards_percent_as_number: 100,
} as const

const NODES = { _nodes: { total: 0, successful: 0, failed: 0 }, cluster_name: 'millrace', nodes: {} } as const

/** Something that can be set by name and read back by name. */
function settings(path: string, found: (name: string) => object): readonly HandshakeAnswer[] {
  return [
    { methods: ['GET', 'HEAD'], path: `${path}/:name`, answer: (question) => ok(found(nameOf(question.path))) },
    { methods: ['PUT', 'POST'], path: `${path}/:name`, answer: () => ok({ acknowledged: true }) },
  ]
}

function ok(body: object): { readonly status: number; readonly body: object } {
  return { status: 200, body }
}

/** The last segment, decoded where that is possible. */
function nameOf(path: string): string {
  const segment = path.slice(path.lastIndexOf('/') + 1)
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
