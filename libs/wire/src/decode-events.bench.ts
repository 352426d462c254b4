/**
 * Prints events per CPU second and MB/s of `decodeEvents` over bodies of a seeded generator: 455-byte events as services write them, the same with
 * 5 % irregular ones, and small bodies. Run it with `node`; the first argument is the number of events.
 */
import type { DecodeOptions } from './decoded-events.ts'
import { decodeEvents } from './decode-events.ts'

const EVENTS = Number(process.argv[2] ?? 300_000)
const options: DecodeOptions = { receivedNs: 1_795_341_600_000_000_000n, oldestNs: 0n, newestNs: 4_000_000_000_000_000_000n, maxPartBytes: 512 * 1024 }

const regular = Array.from({ length: EVENTS }, generator(7, 0))
const irregular = Array.from({ length: EVENTS }, generator(7, 0.05))
for (const [name, bodies] of [
  ['NDJSON, bodies of 3 MB', bodiesOf(regular, 6500, '\n', '', '\n')],
  ['NDJSON, 5 % irregular', bodiesOf(irregular, 6500, '\n', '', '\n')],
  ['JSON arrays of 1,000', bodiesOf(regular, 1000, ',', '[', ']')],
  ['NDJSON, bodies of 10', bodiesOf(regular, 10, '\n', '', '\n')],
] as const) {
  const bytes = bodies.reduce((sum, body) => sum + body.length, 0)
  let best = Infinity
  for (let round = 0; round < 4; round++) {
    const started = process.cpuUsage()
    let taken = 0
    for (const body of bodies) {
      const { received, rejected } = decodeEvents(body, options)
      taken += received - rejected.length
    }
    const { user, system } = process.cpuUsage(started)
    if (taken !== EVENTS) throw new Error(`${taken} of ${EVENTS} events were taken`)
    best = Math.min(best, (user + system) / 1e6)
  }
  console.log(`${name.padEnd(26)} ${(best / EVENTS * 1e6).toFixed(2)} s/M  ${Math.round(EVENTS / best)} events/s  ${Math.round(bytes / best / 1e6)} MB/s  ${Math.round(bytes / EVENTS)} bytes/event`)
}

function bodiesOf(lines: readonly string[], size: number, separator: string, before: string, after: string): readonly Buffer[] {
  const bodies: Buffer[] = []
  for (let i = 0; i < lines.length; i += size) bodies.push(Buffer.from(before + lines.slice(i, i + size).join(separator) + after))
  return bodies
}

/** Makes the next event; `share` of them have other keys, another order, escapes, arrays or nulls. */
function generator(seed: number, share: number): () => string {
  let state = seed
  const random = (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
  const below = (count: number): number => Math.floor(random() * count)
  const hex = (digits: number): string => Array.from({ length: digits }, () => below(16).toString(16)).join('')
  let ms = 1_795_341_600_000
  return () => {
    ms += below(4)
    const duration = below(100_000) / 100
    const user = below(94_000)
    const path = `/api/v1/orders/${below(500)}/items`
    const event: Record<string, unknown> = {
      timestamp: new Date(ms).toISOString(), tenant: 'acme', service: `service-${below(20)}`, host: `host-${below(200)}.eu-west-1.example.internal`, status: ['info', 'info', 'info', 'warn', 'error'][below(5)],
      env: 'production', version: `1.${below(4)}.0`, 'http.method': ['GET', 'POST'][below(2)], 'http.status_code': [200, 200, 404, 500][below(4)], 'http.url_path': path,
      duration_ms: duration, bytes: below(1_000_000), trace_id: hex(32), user_id: `u${user}`,
      message: `request ${hex(8)} for user u${user} finished in ${duration} ms, ${below(1_000_000)} bytes written to the client behind ${path}`,
    }
    if (random() >= share) return JSON.stringify(event)
    const kind = below(5)
    if (kind === 0) event[`extra_${below(20)}`] = below(2) === 0 ? `value ${below(100)}` : below(1000)
    else if (kind === 1) event['message'] = `failed: "x" \\ tab\t ünï 😀 ${String(event['message'])}`
    else if (kind === 2) Object.assign(event, { tags: ['a', `b${below(5)}`], error: { kind: `E${below(4)}`, stack: 'at foo\nat bar' } })
    else if (kind === 3) event['bytes'] = below(2) === 0 ? null : String(event['bytes'])
    else return JSON.stringify(Object.fromEntries(Object.entries(event).reverse()))
    return JSON.stringify(event)
  }
}
