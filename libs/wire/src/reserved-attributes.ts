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
  /** The event that was given a value from outside its objects, and where that stands. */
  givenEvent: number
  givenStart: number
}

/** A value for the events that lack it. */
export interface ReservedDefault {
  readonly name: (typeof RESERVED_COLUMNS)[number]
  readonly bytes: Uint8Array
  /** Over exactly the bytes. */
  readonly view: DataView
}

/** @param values empty ones count for nothing. */
export function reservedDefaults(values: Readonly<Partial<Record<ReservedDefault['name'], string | null | undefined>>>): readonly ReservedDefault[] {
  return Object.entries(values).flatMap(([name, value]) => {
    if (value === undefined || value === null || value === '') return []
    const bytes = new TextEncoder().encode(value)
    return [{ name: name as ReservedDefault['name'], bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) }]
  })
}
