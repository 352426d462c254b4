/**
 * What the generated logs are made of. Braces are filled per event: `{c}` component, `{n}` a number to 90,000, `{id}` eight hex digits, `{ip}` an address,
 * `{d}` the duration in ms, `{k}` a number to 16, `{u}` the user, `{sv}` a service, `{h}` the host, `{5xx}` a server error.
 */
export const MESSAGES = {
  info: [
    'completed {c} request {id} for user {u} in {d} ms with {n} bytes written and {k} rows read from replica {h}',
    'cache hit for {c} key {id} shard {k}, served {n} bytes to {ip} in {d} ms without touching the primary store',
    'accepted connection from {ip}:{n} on {c} listener, tls session {id} resumed, handshake took {d} ms',
    '{c} worker {k} processed batch {id} of {n} records in {d} ms, committed offset {n} to partition {k}',
    'published event {c}.updated id={id} to topic {c}-events partition {k} offset {n}, broker acknowledged in {d} ms',
    'user {u} authenticated against {c} realm from {ip} using token {id}, session ttl {n} seconds remaining',
    'query on table {c}_{k} returned {n} rows in {d} ms, plan {id} used index {c}_pkey, buffers hit {n}',
    'scheduled job {c}-cleanup run {id} finished after {d} ms and removed {n} expired entries from shard {k}',
    'forwarded request {id} to upstream {sv} at {ip}:{k}443, response 200 received after {d} ms, {n} bytes',
    'loaded {n} {c} records from snapshot {id} on node {h} in {d} ms, memory usage now {n} KiB on heap {k}',
    'lease {id} for {c} renewed by {h} until tick {n}, quorum of {k} nodes agreed within {d} ms of proposal',
    'rendered {c} page for user {u} with {k} fragments in {d} ms, {n} bytes after gzip, etag {id} unchanged',
    'order {id} moved from pending to confirmed, {c} reserved {k} items for user {u}, total {n} cents charged',
    'stored object {c}/{id} of {n} bytes on volume {k} with checksum verified, disk usage updated in {d} ms',
    'health check for {c} passed on {h}, latency {d} ms, open connections {n}, queue depth {k}, build {id}',
    'email template {c}-receipt queued for user {u} as message {id} with priority {k}, queue length is {n}',
    'webhook {id} delivered to {ip} for {c} subscription {n}, attempt {k} succeeded with status 200 in {d} ms',
    'compacted {k} segments of {c} index into {id} ({n} documents) in {d} ms, rate quota usage within budget',
    'refreshed exchange rates for {c} from provider {ip}, {n} pairs changed, revision {id}, took {d} ms',
    'config reload for {c} applied revision {id} on {h}, {k} keys changed, {n} watchers notified in {d} ms',
    'trace sampler for {c} kept {k} of {n} spans for trace {id}, decision made in {d} ms by policy tail-latency',
    'geo lookup for {ip} resolved to region {k} with accuracy {n} m, {c} dataset revision {id}, took {d} ms',
    'feature flag {c}-v{k} evaluated to true for user {u}, rule {id} matched, {n} evaluations since restart',
    'grpc call /{c}.Service/Get finished with code OK peer={ip}:{n} request={id} elapsed={d}ms retries={k}',
    'invoice {id} generated for user {u}, {k} lines, {n} cents, {c} ledger balanced, pdf rendered in {d} ms',
    'index lookup {c} term {id} matched {n} documents across {k} shards, merged and ranked in {d} ms total',
  ],
  warn: [
    'slow query on {c}_{k}: {d} ms exceeded threshold of {n} ms, statement {id} will be sampled for analysis',
    'rate quota exceeded for user {u} on {c} endpoint, {n} requests in the last {k} minutes, throttling token {id}',
    'retrying {c} call {id} to upstream {sv} after {d} ms, attempt {k} of 5, last response was 429 from {ip}',
    'disk usage on {h} volume {k} reached {n} MiB, {c} compaction backlog {n} segments, scheduler lag {d} ms',
    'connection pool for {c} nearly exhausted on {h}: {n} in use, {k} idle, oldest checkout {id} held for {d} ms',
    'deprecated field {c}_legacy_id used by client {ip} in request {id}, {n} uses today, removal planned in v{k}',
    'gc pause of {d} ms on {h} while serving {c} request {id}, heap {n} KiB, generation {k} promoted objects',
    'clock skew of {d} ms detected between {h} and {ip} for {c} lease {id}, correcting over {n} ticks, source {k}',
    'queue {c}-jobs depth {n} above soft limit, oldest job {id} waiting {d} ms, scaling consumers to {k}',
  ],
  error: [
    'upstream {sv} returned {5xx} for request {id} after {d} ms, {c} fallback failed, client {ip} got error page {k}',
    'java.net.SocketTimeoutException: Read timed out calling {c} at {ip}:{n} after {d} ms, request {id}, attempt {k}',
    'failed to commit {c} transaction {id} for user {u}: deadlock detected after {d} ms, {n} rows rolled back',
    'panic recovered in {c} handler for request {id}: index out of range [{n}] with length {k}, goroutine {n}',
    'payment {id} declined for user {u}: {c} gateway answered code {n} in {d} ms, will not retry (class {k})',
  ],
} as const satisfies Record<string, readonly string[]>

/** About one error in two thousand: a needle for phrase searches. */
export const RARE_MESSAGE = 'write to volume {k} refused: disk quota exceeded for bucket {id} owner {u}, requested {n} bytes, freed after {d} ms'

export const COMPONENTS = ['orders', 'ledger', 'session', 'product', 'search'] as const

export const SERVICES = [
  'checkout', 'api-gateway', 'auth', 'catalog', 'search', 'payments', 'inventory', 'shipping', 'notify', 'profile',
  'recommend', 'pricing', 'cart', 'billing', 'fraud', 'media', 'geo', 'reports', 'webhooks', 'scheduler',
] as const

export const ENVIRONMENTS = ['prod', 'prod', 'prod', 'prod', 'prod', 'prod', 'prod', 'staging', 'staging', 'dev'] as const

export const METHODS = ['GET', 'GET', 'GET', 'GET', 'GET', 'GET', 'POST', 'POST', 'PUT', 'DELETE'] as const

/** `#` is a number to 100,000. */
export const PATHS = [
  '/api/v1/users/#',
  '/api/v1/users/#/orders',
  '/api/v1/orders/#',
  '/api/v1/orders/#/items/#',
  '/api/v2/products/#',
  '/api/v2/products/#/reviews',
  '/api/v1/cart/#',
  '/api/v1/search',
  '/api/v1/payments/#',
  '/healthz',
  '/login',
  '/api/v2/sessions/#',
  '/api/v1/inventory/sku-#',
  '/static/img/#.png',
  '/internal/jobs/#',
] as const

export const HOST_COUNT = 200
