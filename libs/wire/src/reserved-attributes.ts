import type { StringColumnBuilder } from '@millrace/fragment/column-builder'
import type { RESERVED_COLUMNS } from '@millrace/fragment/event-columns'
import type { PathNode } from './path-tree.ts'

/**
 * Names at the top of an event that are not attributes, in order of precedence: the first that has a usable value wins, and the others are kept as
 * attributes under their own names. `tags` is one string, the tags joined by commas.
 */
export const RESERVED_NAMES = {
  time: ['timestamp', '@timestamp', 'date', 'time'],
  message: ['message', 'msg', 'log'],
  status: ['status', 'level', 'severity'],
  service: ['service'],
  host: ['host', 'hostname'],
  source: ['source', 'ddsource'],
  tags: ['tags', 'ddtags'],
  trace_id: ['trace_id'],
  span_id: ['span_id'],
} as const satisfies Record<(typeof RESERVED_COLUMNS)[number] | 'time', readonly string[]>

/** One reserved attribute while events are scanned. */
export interface Reserved {
  readonly kind: keyof typeof RESERVED_NAMES
  /** Undefined for the time, which is no column. */
  readonly column: StringColumnBuilder | undefined
  /** Paths of its names in order of precedence. */
  readonly nodes: readonly PathNode[]
  /** The event that has a value for it. */
  event: number
  /** The event in which more than one name, or one name more than once, has a value for it: decided when the event ends. */
  contestedEvent: number
}
