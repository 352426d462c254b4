import type { TenantId } from '@millrace/event/event'
import type { DecodedEvents, DecodeOptions, DecodeSteps } from '@millrace/wire/decoded-events'
import { decodeOptions } from './event-times.ts'
import type { IntakeContext } from './intake-context.ts'
import { identityOfBody, identityOfChance, identityOfKey, type RequestIdentity } from './request-ids.ts'

/** Who sent a body, and where to. */
export interface BodyOrigin {
  readonly tenantId: TenantId
  /** Hash of the credential's text. */
  readonly keyHash: string
  /** What tells equal bodies of different meaning apart: the path of the request and what of its parameters changes its events. */
  readonly path: string
  /** When its first byte was read, ms since 1970. */
  readonly receivedMs: number
  /** The client's own name for the request, a valid one. */
  readonly idempotencyKey?: string | undefined
}

export interface TakenBody {
  readonly decoded: DecodedEvents
  /** Events that are durable now. */
  readonly accepted: number
  /** For the header `Millrace-Receipt`; undefined when a body of events had none that could be taken: nothing is stored then. */
  readonly receipt: string | undefined
}

/**
 * Decodes a body that was read in whole and makes its events durable, once however often it comes as far as that can be told.
 *
 * @param decode reads `body` while its steps run. @throws what decoding throws; then nothing was stored. @throws as {@link Acceptor.acceptParts} and {@link Acceptor.admit}.
 */
export async function takeBody(context: IntakeContext, origin: BodyOrigin, body: Uint8Array, decode: (body: Uint8Array, options: DecodeOptions) => DecodeSteps): Promise<TakenBody> {
  const { acceptor, clock, random, retentionOf, work, metrics } = context
  const { tenantId, keyHash, path, receivedMs, idempotencyKey } = origin
  const options = decodeOptions(clock, receivedMs, await retentionOf(tenantId))
  const decoded = await work.run(tenantId, decode(body, options))
  const accepted = decoded.received - decoded.rejected.length
  metrics.countEvents(accepted, decoded.rejected.length, body.length)
  if (accepted === 0 && decoded.received > 0) return { decoded, accepted, receipt: undefined }
  const naming = idempotencyKey !== undefined ? identityOfKey(tenantId, idempotencyKey) : decoded.isSelfTimestamped ? identityOfBody(keyHash, path, body) : identityOfChance(random)
  const identity: RequestIdentity = 'id' in naming ? naming : await work.run(tenantId, naming)
  using _waiting = acceptor.admit(tenantId, body.length)
  const places = await acceptor.acceptParts(tenantId, identity, decoded.parts, receivedMs)
  return { decoded, accepted, receipt: acceptor.receipt(tenantId, places) }
}
