import type { TenantId } from '@millrace/event/event'

/**
 * Hands on what arrives to whoever watches at the moment. Nothing is kept: what is published while nobody listens is gone, and whoever is slow or cut off misses
 * fragments, which it is told. What was published by one publisher arrives in that order.
 */
export interface Tail extends AsyncDisposable {
  /**
   * Whether it is worth publishing. Costs nothing; learns of a listener elsewhere, and of its leaving, within {@link LISTENERS_KNOWN_WITHIN_MS}, so the
   * first moments of a subscription may be missed.
   */
  hasSubscribers(tenantId: TenantId): boolean
  /**
   * Tells everybody who listens. Neither waits nor fails; what cannot be sent, or is larger than {@link MAX_TAIL_FRAGMENT_BYTES}, is counted as dropped.
   *
   * @param fragment the tail reads its bytes for as long as it likes: they must not change any more.
   */
  publish(tenantId: TenantId, fragment: TailFragment): void
  /**
   * Listens until `signal` aborts, the caller stops iterating or the tail is closed. Holds up to {@link MAX_BUFFERED_BYTES} that were not taken yet, the newest.
   *
   * @throws {TailUnavailableError} nothing can be heard at the moment. A subscription that has begun never throws: it tells gaps instead.
   */
  subscribe(tenantId: TenantId, signal: AbortSignal): Promise<AsyncIterable<TailItem>>
}

/** The events of one kind that one batch brought. With its batch's place, each event's id is what searches will find it under. */
export interface TailFragment {
  /** `<generation>/<partition>` of the batch. */
  readonly stream: string
  /** Offset of the batch in the topic `batches`. */
  readonly offset: number
  /** One encoded fragment. Shared by all subscribers: not to be changed. */
  readonly bytes: Uint8Array
}

export interface TailItem {
  /** Undefined when the item only tells what was missed. */
  readonly fragment: TailFragment | undefined
  /** Fragments known to have been missed since the item before. */
  readonly droppedBefore: number
  /** True when an unknown number was missed: the connection was lost, or still is. It is whole again {@link LISTENERS_KNOWN_WITHIN_MS} after the next fragment. */
  readonly hasGapBefore: boolean
}

/** Nobody can listen at the moment. */
export class TailUnavailableError extends Error {
  override readonly name = 'TailUnavailableError'
  readonly code = 'TAIL_UNAVAILABLE'
  readonly retryable = true
}

/** A batch of ordinary traffic takes some ten kilobytes; a larger one comes in a flood that nobody reads along. */
export const MAX_TAIL_FRAGMENT_BYTES = 512 * 1024
/** Some seconds of a busy tenant, and little enough for hundreds of watchers in one process. */
export const MAX_BUFFERED_BYTES = 2 * 1024 * 1024
/** Small fragments cost more than their bytes. */
export const MAX_BUFFERED_FRAGMENTS = 256
/** One question per process and second is nothing to the engine, and a person who opens a tail hardly notices. */
export const LISTENERS_KNOWN_WITHIN_MS = 1_000
