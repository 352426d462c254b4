/** What an event is. Every event is of one kind; a fragment holds events of one kind only. */
export type EventKind = 'log' | 'metric' | 'span' | 'dead-letter'

/** The byte that stands for a kind on the bus and on disk. Never renumber: old files hold them. */
export const EVENT_KIND_CODES = { log: 1, metric: 2, span: 3, 'dead-letter': 4 } as const satisfies Record<EventKind, number>

/**
 * The isolation unit. Comes only from a credential, never from a body or a header, and is the first
 * argument of every port. Lower-case letters, digits and `-`, 1 to 40 characters.
 */
export type TenantId = string

/**
 * Names one event for ever: where its batch stands in the topic `batches`, and its row in that batch.
 * Router, writer and indexer never renumber it, so cursors stay stable and (time, id) is a total order.
 */
export interface EventId {
  /** Generation of the topic, a short random text such as `g7k2m9`. */
  readonly generation: string
  readonly partition: number
  /** Offset of the batch record in `batches`. */
  readonly offset: number
  /** Row in the batch as received, counted before refusals and duplicates are taken out. */
  readonly row: number
}

export const NS_PER_MS = 1_000_000n
export const NS_PER_DAY = 86_400_000_000_000n
/** How far ahead of its receipt an event may be. Clocks of clients are rarely more than minutes wrong; later events would sit at the top of every search. */
export const MAX_AHEAD_NS = 600_000_000_000n
