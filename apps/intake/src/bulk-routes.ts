import type { Route, RouteRequest } from '@millrace/http/route'
import type { ServerResponse } from 'node:http'
import { decodeDocumentsInSteps } from '@millrace/wire/decode-events'
import type { DecodeOptions, Rejection } from '@millrace/wire/decoded-events'
import { BulkSyntaxError, splitBulkInSteps, type BulkItem } from '@millrace/wire/elasticsearch/decode-bulk'
import { renderBulkReply, type BulkReplyItem } from '@millrace/wire/elasticsearch/render-bulk-reply'
import type { IntakeContext } from './intake-context.ts'
import { decodeOptions } from './event-times.ts'
import { RECEIPT_HEADER, REQUEST_KEY_HEADER } from './headers.ts'
import type { Placed } from './intake-request.ts'
import { MAX_BULK_BODY_BYTES } from './read-body.ts'
import { refuse } from '@millrace/http/refuse'
import { idempotencyKeyOf, identityOfBody, identityOfChance, identityOfCreate, identityOfKey, isIdempotencyKey, type RequestIdentity } from './request-ids.ts'

/** `_bulk` as Elasticsearch answers it: 200 with one item per action. Back-pressure is for the whole request, before any item is taken. */
export function bulkRoutes(context: IntakeContext): readonly Route[] {
  const handle = async (request: RouteRequest, response: ServerResponse): Promise<void> => {
    await takeBulk(context, request, response)
  }
  return (['POST', 'PUT'] as const).flatMap((method) =>
    ['/_bulk', '/:index/_bulk', '/:index/:type/_bulk'].map((path): Route => ({ method, path, scope: 'ingest', dialect: 'elasticsearch', handle })))
}

async function takeBulk(context: IntakeContext, request: RouteRequest, response: ServerResponse): Promise<void> {
  const { acceptor, bodies, clock, retentionOf, work } = context
  const { raw, tenantId, receivedMs } = request
  const key = idempotencyKeyOf(raw)
  if (key !== undefined && !isIdempotencyKey(key)) {
    refuse('elasticsearch', response, { status: 400, code: 'bad-request', detail: `${REQUEST_KEY_HEADER} has 1 to 255 characters` })
    return
  }
  const options = decodeOptions(clock, receivedMs, await retentionOf(tenantId))
  await bodies.read(tenantId, raw, MAX_BULK_BODY_BYTES, async (body) => {
    let decoded: DecodedBulk
    try {
      decoded = await work.run(tenantId, decodeBulk(context, request, body, key, options))
    } catch (error) {
      if (!(error instanceof BulkSyntaxError)) throw error
      refuse('elasticsearch', response, { status: 400, code: 'bad-request', detail: error.message })
      return
    }
    using _waiting = acceptor.admit(tenantId, body.length)
    const settled = await Promise.allSettled(decoded.accepts.map(async (accept) => await accept()))
    const places = settled.flatMap((result) => {
      if (result.status === 'rejected') throw result.reason
      return result.value
    })
    const answered = decoded.replies.filter((reply) => reply !== undefined)
    const refused = answered.filter(({ status }) => status >= 300).length
    context.metrics.countEvents(answered.length - refused, refused, body.length)
    response.setHeader(RECEIPT_HEADER, acceptor.receipt(tenantId, places))
    response.setHeader('X-Elastic-Product', 'Elasticsearch')
    response.setHeader('Content-Type', elasticContentType(raw.headers.accept))
    response.statusCode = 200
    response.end(renderBulkReply({ tookMs: Math.max(0, Math.round(clock.nowMs() - receivedMs)), items: answered, idPrefix: `${context.random.text(12)}-` }))
  })
}

interface DecodedBulk {
  readonly replies: readonly (BulkReplyItem | undefined)[]
  /** Each hands one of the requests that the body is made of to the batcher. */
  readonly accepts: readonly (() => Promise<readonly Placed[]>)[]
}

/** In steps. Everything is decoded before anything is appended, so that a refusal of the whole request leaves nothing behind. @throws {BulkSyntaxError} */
function* decodeBulk({ acceptor, random }: IntakeContext, { params, url, keyHash, tenantId, receivedMs }: RouteRequest, body: Uint8Array, key: string | undefined, options: DecodeOptions): Generator<void, DecodedBulk, void> {
  const items = yield* splitBulkInSteps(body, params['index'])
  const replies: (BulkReplyItem | undefined)[] = items.map((item) => (item.error === undefined ? undefined : refusedItem(item, item.error)))
  const documents = items.map((item, index) => ({ item, index })).filter(({ item }) => item.error === undefined)
  const named = key === undefined ? documents.filter(({ item }) => item.action === 'create' && item.id !== undefined) : []
  const unnamed = key === undefined ? documents.filter(({ item }) => !(item.action === 'create' && item.id !== undefined)) : documents
  const accepts: (() => Promise<readonly Placed[]>)[] = []
  const groups = new Map<number, { readonly documents: Document[]; readonly identities: RequestIdentity[] }>()
  for (const [index, document] of named.entries()) {
    if (index % STEP_IDENTITIES === STEP_IDENTITIES - 1) yield
    const identity = identityOfCreate(tenantId, document.item.index, document.item.id ?? '')
    const partition = acceptor.partitionOf(tenantId, identity)
    const group = groups.get(partition) ?? { documents: [], identities: [] }
    groups.set(partition, group)
    group.documents.push(document)
    group.identities.push(identity)
  }
  for (const [partition, group] of groups) {
    const { parts, rejected } = yield* decodeDocumentsInSteps(body, group.documents.map(({ item }) => item), options)
    const refusedRows = new Set(rejected.map(({ index }) => index))
    const identities = group.identities.map((identity, row) => (refusedRows.has(row) ? undefined : identity))
    let row = 0
    for (const part of parts) {
      const own = identities.slice(row, row + part.rows)
      accepts.push(async () => await acceptor.acceptDocuments(tenantId, partition, own, part, receivedMs))
      row += part.rows
    }
    replyTo(replies, group.documents, rejected)
  }
  if (unnamed.length > 0) {
    const { parts, rejected, isSelfTimestamped } = yield* decodeDocumentsInSteps(body, unnamed.map(({ item }) => item), options)
    const identity = key !== undefined ? identityOfKey(tenantId, key) : isSelfTimestamped ? yield* identityOfBody(keyHash, url.pathname, body) : identityOfChance(random)
    // A request of which nothing was taken leaves no id behind.
    if (rejected.length < unnamed.length) accepts.push(async () => await acceptor.acceptParts(tenantId, identity, parts, receivedMs))
    replyTo(replies, unnamed, rejected)
  }
  return { replies, accepts }
}

/** Less than a millisecond's work. */
const STEP_IDENTITIES = 200

interface Document {
  readonly item: BulkItem
  readonly index: number
}

function replyTo(replies: (BulkReplyItem | undefined)[], documents: readonly Document[], rejected: readonly Rejection[]): void {
  for (const { item, index } of documents) replies[index] = { action: item.action, index: item.index, id: item.id ?? '', status: 201 }
  for (const { index, reason } of rejected) {
    const document = documents[index]
    if (document !== undefined) replies[document.index] = refusedItem(document.item, { type: 'document_parsing_exception', reason, status: 400 })
  }
}

function refusedItem({ action, index, id }: BulkItem, { type, reason, status }: { readonly type: string; readonly reason: string; readonly status: number }): BulkReplyItem {
  return { action, index, id: id ?? '', status, error: { type, reason } }
}

/** Clients of version 8 and later name their media type and check that it comes back. */
export function elasticContentType(accept: string | undefined): string {
  const [, version] = /application\/vnd\.elasticsearch\+json;\s*compatible-with=(\d+)/.exec(accept ?? '') ?? []
  return version === undefined ? 'application/json' : `application/vnd.elasticsearch+json;compatible-with=${version}`
}
