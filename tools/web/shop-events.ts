import { createSeededRandom } from '@millrace/simulator/seeded-random'

/** Logs of a shop as its services would write them, oldest first; the same for the same seed but for their times. @param spanMs they are spread over so long, up to `endMs`. */
export function shopEvents({ count, endMs, spanMs }: { readonly count: number; readonly endMs: number; readonly spanMs: number }): readonly object[] {
  const random = createSeededRandom(7)
  const pick = <T>(choices: readonly T[]): T => choices[Math.floor(random.fraction() * choices.length)] as T
  return Array.from({ length: count }, (_, index) => {
    // More in some minutes than in others.
    const even = (index + random.fraction()) / count
    const at = even + Math.sin(even * 21) * 0.022 * (1 - even) + Math.sin(even * 61) * 0.006 * (1 - even)
    // A release goes wrong for a minute at two thirds of the time.
    const isBad = at > 0.62 && at < 0.7 && random.fraction() < 0.55
    const shape = isBad ? FAILURE : pick(SHAPES)
    const facts = { path: pick(PATHS), ms: Math.floor(3 + random.fraction() ** 4 * 1800), order: 10_000 + Math.floor(random.fraction() * 90_000), bytes: Math.floor(random.fraction() * 40_000), user: `u-${Math.floor(random.fraction() * 400)}` }
    return {
      timestamp: new Date(endMs - spanMs * (1 - at)).toISOString(),
      ddtags: 'env:prod,version:2026.11.3',
      host: `${shape.service}-${1 + Math.floor(random.fraction() * 3)}.eu-west`,
      trace_id: random.text(32).replace(/[g-z]/g, '7'),
      ...shape, message: shape.message(facts), ...shape.more(facts),
    }
  })
}

interface Facts {
  readonly path: string
  readonly ms: number
  readonly order: number
  readonly bytes: number
  readonly user: string
}

interface Shape {
  readonly service: string
  readonly status: string
  readonly message: (facts: Facts) => string
  readonly more: (facts: Facts) => object
}

const PATHS = ['/', '/cart', '/checkout', '/api/products', '/api/products/1824', '/api/search?q=lamp', '/static/app.css', '/account/orders']
const http = (status_code: number) => ({ path, ms, bytes, user }: Facts): object => ({ http: { method: 'GET', status_code, url_details: { path } }, duration_ms: ms, network: { bytes_written: bytes }, usr: { id: user } })
const request = (code: number) => ({ path, ms, bytes }: Facts): string => `GET ${path} ${code} ${bytes} bytes in ${ms} ms`
const SHAPES: readonly Shape[] = [
  ...Array.from({ length: 8 }, (): Shape => ({ service: 'web', status: 'info', message: request(200), more: http(200) })),
  { service: 'web', status: 'info', message: request(304), more: http(304) },
  { service: 'web', status: 'warn', message: ({ path }) => `GET ${path} 404 no such page`, more: http(404) },
  { service: 'checkout', status: 'info', message: ({ order, user }) => `order ${order} placed by ${user}`, more: ({ order, user }) => ({ order: { id: order, currency: 'EUR' }, usr: { id: user } }) },
  { service: 'checkout', status: 'info', message: ({ order, ms }) => `payment of order ${order} authorised in ${ms} ms`, more: ({ order }) => ({ order: { id: order }, psp: 'adyen' }) },
  { service: 'search', status: 'debug', message: ({ ms, bytes }) => `query planned: ${bytes % 9} shards, ${ms} ms`, more: ({ ms }) => ({ duration_ms: ms, cache: { hit: ms < 200 } }) },
  { service: 'search', status: 'info', message: ({ order }) => `index refreshed, ${order} documents`, more: ({ order }) => ({ documents: order }) },
  { service: 'billing', status: 'info', message: ({ order }) => `invoice for order ${order} written`, more: ({ order }) => ({ order: { id: order } }) },
  { service: 'inventory', status: 'warn', message: ({ order }) => `stock of article ${order % 700} is low: 3 left`, more: ({ order }) => ({ article: order % 700 }) },
  { service: 'postgres', status: 'notice', message: ({ ms }) => `duration: ${ms}.2 ms  statement: SELECT id, name FROM products WHERE category = $1`, more: ({ ms }) => ({ duration_ms: ms, db: { user: 'shop', rows: ms % 40 } }) },
]
const FAILURE: Shape = {
  service: 'checkout', status: 'error', message: ({ order }) => `payment of order ${order} failed: upstream connect error: connection refused (10.0.4.17:8443)`,
  more: ({ order, user }) => ({ order: { id: order }, usr: { id: user }, error: { kind: 'ECONNREFUSED', stack: 'Error: connect ECONNREFUSED 10.0.4.17:8443\n    at TCPConnectWrap.afterConnect (node:net:1637:16)\n    at charge (/srv/checkout/psp.js:88:11)' } }),
}
