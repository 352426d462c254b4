import type { ServerResponse } from 'node:http'
import { deadLetterCursorText, parseDeadLetterCursor, type DeadLetterCursor, type DeadLetterOrder } from '@millrace/bus/dead-letter-cursor'
import { deadLetterIdText, parseDeadLetterId, type DeadLetterId } from '@millrace/bus/dead-letter-id'
import { createDeadLetters, MAX_LETTERS_AT_ONCE, type DeadLetter, type DeadLettersOptions } from '@millrace/bus/dead-letters'
import { decodeBatchRecord } from '@millrace/fragment/batch-record-codec'
import { BadBodyError, readJsonBody } from '@millrace/http/body'
import { refuse } from '@millrace/http/refuse'
import type { Route } from '@millrace/http/route'
import { sendJson } from '@millrace/http/send-json'

/** `/v1/dead-letters`: the records that could not be stored are listed, shown, replayed and discarded. For admin keys only, since they hold all tenants' events. */
export function deadLetterRoutes(options: DeadLettersOptions): readonly Route[] {
  const deadLetters = createDeadLetters(options)
  const routes: readonly Pick<Route, 'method' | 'path' | 'handle'>[] = [
    {
      method: 'GET', path: '/v1/dead-letters',
      handle: async ({ url, signal }, response) => {
        const order = readOrder(url.searchParams.get('order'))
        const question = { order, limit: readLimit(url.searchParams.get('limit')), partition: readPartition(url.searchParams.get('partition')), after: readCursor(url.searchParams.get('cursor'), order) }
        const { letters, next } = await deadLetters.list(question, summaryOf, signal)
        sendJson(response, 200, { deadLetters: letters, ...(next === undefined ? {} : { next: deadLetterCursorText(next) }) })
      },
    },
    {
      method: 'GET', path: '/v1/dead-letters/:id',
      handle: async ({ params, raw, signal }, response) => {
        const letter = await deadLetters.read(readId(params['id']), signal)
        if (letter === undefined) refuseAbsent(response)
        else if (raw.headers.accept === BINARY) sendBytes(response, letter)
        else sendJson(response, 200, { ...summaryOf(letter), valueBase64: Buffer.from(letter.value.buffer, letter.value.byteOffset, letter.value.length).toString('base64') })
      },
    },
    {
      method: 'POST', path: '/v1/dead-letters/replay',
      handle: async ({ raw, signal }, response) => {
        const outcomes = await deadLetters.replay(readIds(await readJsonBody(raw)), signal)
        sendJson(response, 200, { outcomes: outcomes.map(({ id, ...outcome }) => ({ id: deadLetterIdText(id), ...outcome })) })
      },
    },
    {
      method: 'DELETE', path: '/v1/dead-letters',
      handle: async ({ url }, response) => {
        const through = readId(url.searchParams.get('through') ?? undefined)
        if (await deadLetters.discardThrough(through)) sendJson(response, 200, { discardedThrough: deadLetterIdText(through) })
        else refuseAbsent(response)
      },
    },
  ]
  return routes.map((route) => ({ ...route, scope: 'admin', dialect: 'millrace' }))
}

/** What a list says of a letter. The fields of the batch are absent when it cannot be decoded. */
export interface DeadLetterSummary {
  readonly id: string
  /** When it was kept, ISO 8601. */
  readonly time: string
  readonly reason: string
  /** Topic and offset of the record that could not be stored. */
  readonly topic: string
  readonly offset: number
  readonly partition: number
  /** Of the record as it was. */
  readonly bytes: number
  /** How many of them were too many to be kept. */
  readonly cutBytes: number
  readonly tenantId?: string
  readonly receivedTime?: string
  /** Requests of clients that the batch holds, or parts of them. */
  readonly requests?: number
  readonly events?: number
}

const BINARY = 'application/octet-stream'
/** A screen of a terminal. */
const DEFAULT_PAGE_LETTERS = 20

function summaryOf({ id, keptMs, head, value }: DeadLetter): DeadLetterSummary {
  const { topic = '', offset = -1, reason = 'it is no dead letter: somebody else wrote to the topic', cutBytes = 0 } = head ?? {}
  return { id: deadLetterIdText(id), time: new Date(keptMs).toISOString(), reason, topic, offset, partition: id.partition, bytes: value.length + cutBytes, cutBytes, ...batchOf(value) }
}

/** A record may be refused for its events and still tell whose it is. */
function batchOf(value: Uint8Array): Pick<DeadLetterSummary, 'tenantId' | 'receivedTime' | 'requests' | 'events'> {
  try {
    const { tenantId, receivedMs, requests, fragments } = decodeBatchRecord(value)
    return { tenantId, receivedTime: new Date(receivedMs).toISOString(), requests: requests.length, events: fragments.reduce((sum, { rows }) => sum + rows, 0) }
  } catch {
    return {} // that it cannot be read is why it is here
  }
}

function sendBytes(response: ServerResponse, { id, value }: DeadLetter): void {
  response.setHeader('Content-Type', BINARY)
  response.setHeader('Content-Length', value.length)
  // A browser must never take a client's bytes for a page of ours.
  response.setHeader('X-Content-Type-Options', 'nosniff')
  response.setHeader('Content-Disposition', `attachment; filename="dead-letter-${deadLetterIdText(id)}.bin"`)
  response.end(value)
}

function refuseAbsent(response: ServerResponse): void {
  refuse('millrace', response, { status: 404, code: 'not-found', detail: 'no such dead letter: it was never kept, or it was discarded' })
}

function readId(text: string | undefined): DeadLetterId {
  const id = text === undefined ? undefined : parseDeadLetterId(text)
  if (id === undefined) throw badRequest('the id of a dead letter is its partition and its offset, as in 3-120')
  return id
}

function readIds(body: unknown): readonly DeadLetterId[] {
  const { ids } = (typeof body === 'object' && body !== null ? body : {}) as Readonly<Record<string, unknown>>
  if (!Array.isArray(ids) || ids.length === 0 || ids.length > MAX_LETTERS_AT_ONCE) throw badRequest(`ids must be a list of 1 to ${MAX_LETTERS_AT_ONCE} ids of dead letters`)
  return ids.map((id: unknown) => readId(typeof id === 'string' ? id : undefined))
}

function readLimit(text: string | null): number {
  const limit = text === null ? DEFAULT_PAGE_LETTERS : /^\d{1,6}$/.test(text) ? Number(text) : NaN
  if (!(limit >= 1 && limit <= MAX_LETTERS_AT_ONCE)) throw badRequest(`limit must be a whole number from 1 to ${MAX_LETTERS_AT_ONCE}`)
  return limit
}

function readPartition(text: string | null): number | undefined {
  if (text === null) return undefined
  if (!/^\d{1,6}$/.test(text)) throw badRequest('partition must be a whole number')
  return Number(text)
}

function readOrder(text: string | null): DeadLetterOrder {
  if (text === null || text === 'newest') return 'newest'
  if (text === 'oldest') return 'oldest'
  throw badRequest('order must be newest or oldest')
}

function readCursor(text: string | null, order: DeadLetterOrder): DeadLetterCursor | undefined {
  if (text === null) return undefined
  const cursor = parseDeadLetterCursor(text)
  if (cursor?.order !== order) throw badRequest('cursor is not one of this list')
  return cursor
}

/** The gateway answers it in the route's dialect, whether the fault is in the body or in the address. */
function badRequest(detail: string): BadBodyError {
  return new BadBodyError(400, 'bad-request', detail)
}
