import { crc32 } from 'node:zlib'
import { logSource, type GeneratedLog } from './generate-log.ts'
import { SeededNumbers } from './seeded-numbers.ts'

/** An event as it is sent, before it is JSON. */
export type SentEvent = Readonly<Record<string, unknown>>

/** Which events a run sends: enough to make each of them again. */
export interface RunIdentity {
  /** Tells the events of this run from all others'. */
  readonly run: string
  readonly seed: number
}

/**
 * Makes event `n` of a tenant: a generated log with the attributes `ledger.id`, unique over all runs, and `ledger.crc`, the checksum of its content.
 *
 * @param timestamp text of its time; undefined leaves it out, so that the system stamps it.
 */
export function ledgerEventSource({ run, seed }: RunIdentity): (tenant: number, n: number, timestamp: string | undefined) => SentEvent {
  const sources = new Map<number, (n: number) => GeneratedLog>()
  return (tenant, n, timestamp) => {
    let source = sources.get(tenant)
    if (source === undefined) {
      source = logSource(seed + tenant)
      sources.set(tenant, source)
    }
    const log = source(n)
    const event = {
      ...(timestamp === undefined ? {} : { timestamp }),
      service: log.service, host: log.host, status: log.status, message: log.message, env: log.env, version: log.version, duration_ms: Number(log.durationMs),
      bytes: log.bytes, trace_id: log.traceId, user_id: log.userId, http: { method: log.method, status_code: log.statusCode, url_path: log.path }, ledger: { id: ledgerId(run, tenant, n) },
    }
    return { ...event, ledger: { id: event.ledger.id, crc: contentCrc(event) } }
  }
}

export function ledgerId(run: string, tenant: number, n: number): string {
  return `${run}-${tenant}-${n}`
}

/** Undefined when it is no id of this run. */
export function parseLedgerId(run: string, id: unknown): { readonly tenant: number; readonly n: number } | undefined {
  const [, ofRun, tenant, n] = (typeof id === 'string' ? /^([a-z0-9]+)-(\d+)-(\d+)$/.exec(id) : undefined) ?? []
  return ofRun === run ? { tenant: Number(tenant), n: Number(n) } : undefined
}

/**
 * Time of one event of a request. Events of a request are a millisecond apart and end at the request's own time; they have three, six or nine digits, and
 * the digits below a millisecond are made from the number.
 */
export function eventTimestamp(requestMs: number, placeFromLast: number, n: number): string {
  const milliseconds = new Date(requestMs - placeFromLast).toISOString().slice(0, -1)
  const digits = (n % 3) * 3
  return `${milliseconds}${String((n * 7919) % 10 ** digits).padStart(digits, '0').slice(0, digits)}Z`
}

/**
 * CRC-32 over the names and values of everything that an event says, however it is nested or ordered. Left out: its time where it
 * has none of its own, and the checksum itself.
 */
export function contentCrc(event: SentEvent): number {
  const parts: string[] = []
  flatten(event, '', parts)
  return crc32(parts.sort().join('\n'))
}

function flatten(value: unknown, name: string, parts: string[]): void {
  if (typeof value === 'object' && value !== null) for (const [key, child] of Object.entries(value)) flatten(child, name === '' ? key : `${name}.${key}`, parts)
  else if (name === 'timestamp') parts.push(`timestamp=${withoutTrailingZeros(String(value))}`)
  else if (name !== 'ledger.crc') parts.push(`${name}=${JSON.stringify(value)}`)
}

/** `…05.120000Z` is the same time as `…05.12Z`. */
function withoutTrailingZeros(timestamp: string): string {
  return timestamp.replace(/\.?0*Z$/, 'Z')
}

/** Short, and different for each run of a seed. */
export function runName(): string {
  return `r${new SeededNumbers(process.pid, Date.now()).hex()}`
}
