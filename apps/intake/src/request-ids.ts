import { createHash, type Hash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { TenantId } from '@millrace/event/event'
import type { RequestWindow } from '@millrace/fragment/batch-record'
import { REQUEST_ID_BYTES } from '@millrace/fragment/batch-record-codec'
import type { Random } from '@millrace/runtime/random'

/** What tells a request from another, and for how long a repetition is recognised. */
export interface RequestIdentity {
  /** 16 bytes. */
  readonly id: Uint8Array
  readonly window: RequestWindow
}

/** The client named the request itself: the same key is the same request, whatever its body. */
export function identityOfKey(tenantId: TenantId, idempotencyKey: string): RequestIdentity {
  return { id: digest(tenantId, 'key', idempotencyKey), window: 'keyed' }
}

/** An Elasticsearch `create` with `_id` is a request of its own, so that it is recognised in whatever body it comes again. */
export function identityOfCreate(tenantId: TenantId, index: string, documentId: string): RequestIdentity {
  return { id: digest(tenantId, 'es', index, documentId), window: 'keyed' }
}

/**
 * A body that stamps each of its events is not sent twice by intent: an equal one from the same credential to the same path is a retry.
 *
 * @param keyHash hash of the credential's text.
 * @param path of the request: for `_bulk` it may name the index.
 * @param body as decompressed; how it travelled does not matter.
 * @returns steps, between which the caller may do something else.
 */
export function* identityOfBody(keyHash: string, path: string, body: Uint8Array): Generator<void, RequestIdentity, void> {
  const hash = createHash('sha256')
  for (const part of [keyHash, 'body', path]) addFramed(hash, part)
  hash.update(`${body.length}:`)
  for (let start = 0; start < body.length; start += HASH_STEP_BYTES) {
    hash.update(body.subarray(start, start + HASH_STEP_BYTES))
    yield
  }
  return { id: hash.digest().subarray(0, REQUEST_ID_BYTES), window: 'retry' }
}

/** Less than a millisecond's work, so that a large body keeps nobody waiting. */
const HASH_STEP_BYTES = 512 * 1024

/** Nothing tells a repetition from a second event: each request is new, and only intake's own repeated appends share the id. */
export function identityOfChance(random: Random): RequestIdentity {
  return { id: random.bytes(REQUEST_ID_BYTES), window: 'append' }
}

/** The value of the header `Idempotency-Key`. */
export function idempotencyKeyOf(request: IncomingMessage): string | undefined {
  const value = request.headers['idempotency-key']
  return Array.isArray(value) ? value.join(', ') : value
}

/** True for a value of the header `Idempotency-Key` that can be used. */
export function isIdempotencyKey(text: string): boolean {
  return text.length > 0 && text.length <= MAX_IDEMPOTENCY_KEY_LENGTH
}

/** Room for several UUIDs; a longer one is more likely a body in the wrong place. */
export const MAX_IDEMPOTENCY_KEY_LENGTH = 255

/** Every part but the last is framed by its length, so that no two lists of parts have the same bytes. */
function digest(...parts: readonly string[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) addFramed(hash, part)
  return hash.digest().subarray(0, REQUEST_ID_BYTES)
}

function addFramed(hash: Hash, part: string): void {
  const bytes = Buffer.from(part, 'utf8')
  hash.update(`${bytes.length}:`).update(bytes)
}
