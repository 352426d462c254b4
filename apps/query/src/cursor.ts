import { createHash } from 'node:crypto'
import type { EventId } from '@millrace/event/event'
import { eventIdText, parseEventId } from '@millrace/event/event-id'

/** Where the next page begins: after one event, in a question whose time range is fixed. */
export interface Cursor {
  readonly fromNs: bigint
  readonly toNs: bigint
  readonly timestampNs: bigint
  readonly id: EventId
}

/**
 * `v1.<from>.<to>.<time>.<event id>.<question>`, base64url. A cursor holds no secret and gives no right: it is only a place in the asking tenant's own events.
 *
 * @param question what the cursor belongs to; a cursor of another question is refused.
 */
export function cursorText({ fromNs, toNs, timestampNs, id }: Cursor, question: string): string {
  return Buffer.from(`v1.${fromNs}.${toNs}.${timestampNs}.${eventIdText(id)}.${digest(question)}`, 'utf8').toString('base64url')
}

/** Undefined when it is no cursor of this question. */
export function parseCursor(text: string, question: string): Cursor | undefined {
  if (text.length > MAX_CURSOR_LENGTH) return undefined
  const match = /^v1\.(-?\d{1,20})\.(-?\d{1,20})\.(-?\d{1,20})\.(.+)\.([0-9a-f]{16})$/.exec(Buffer.from(text, 'base64url').toString('utf8'))
  const [, from, to, time, eventId, of] = match ?? []
  if (from === undefined || to === undefined || time === undefined || eventId === undefined || of !== digest(question)) return undefined
  const id = parseEventId(eventId)
  return id === undefined ? undefined : { fromNs: BigInt(from), toNs: BigInt(to), timestampNs: BigInt(time), id }
}

/** Three times, an id and a digest take about 150 characters. */
const MAX_CURSOR_LENGTH = 512

function digest(question: string): string {
  return createHash('sha256').update(question).digest('hex').slice(0, 16)
}
