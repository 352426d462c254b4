import { gzipSync } from 'node:zlib'
import { eventTimestamp, type SentEvent } from './ledger-event.ts'
import type { LedgerRequest } from './ledger.ts'

export interface EncodedRequest {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** Writes a request as its kind of client would: NDJSON, a JSON array or bulk lines; every eighth body is compressed. Equal events give equal bytes, so that twins are twins. */
export function encodeRequest(request: LedgerRequest, eventOf: (tenant: number, n: number, timestamp: string | undefined) => SentEvent): EncodedRequest {
  const events = eventsOf(request, eventOf)
  const isBulk = request.kind === 'bulk' || request.kind === 'bulk-create'
  const shape = Math.floor(request.first / request.count)
  const isArray = !isBulk && shape % 2 === 0
  const text = isBulk ? events.map((event) => bulkLines(event, request.kind === 'bulk-create')).join('') : isArray ? JSON.stringify(events) : events.map((event) => `${JSON.stringify(event)}\n`).join('')
  const isCompressed = shape % 8 === 7
  const plain = Buffer.from(text)
  return {
    path: isBulk ? '/_bulk' : '/v1/events',
    headers: {
      'content-type': isArray ? 'application/json' : 'application/x-ndjson',
      ...(isCompressed ? { 'content-encoding': 'gzip' } : {}), ...(request.key === undefined ? {} : { 'idempotency-key': request.key }),
    },
    body: isCompressed ? gzipSync(plain, { level: 1 }) : plain,
  }
}

/** The events of a request, made again from their numbers. */
export function eventsOf({ tenant, first, count, stampMs }: LedgerRequest, eventOf: (tenant: number, n: number, timestamp: string | undefined) => SentEvent): readonly SentEvent[] {
  return Array.from({ length: count }, (_, index) => eventOf(tenant, first + index, stampMs === undefined ? undefined : eventTimestamp(stampMs, count - 1 - index, first + index)))
}

function bulkLines(event: SentEvent, isNamed: boolean): string {
  const { timestamp, ...rest } = event
  const { id } = event['ledger'] as { readonly id: string }
  const action = isNamed ? { create: { _index: 'ledger', _id: id } } : { index: { _index: 'ledger' } }
  return `${JSON.stringify(action)}\n${JSON.stringify({ '@timestamp': timestamp, ...rest })}\n`
}
