import type { BulkAction } from './decode-bulk.ts'

/**
 * The body of a `_bulk` answer: compact, with the keys in the order in which Elasticsearch writes them, since clients look for
 * `"errors":false,"items":[` as text. There must be an item for every action: some clients take a missing one for success.
 */
export function renderBulkReply({ tookMs, items, idPrefix = 'event-' }: BulkReply): string {
  const idStart = JSON.stringify(idPrefix).slice(0, -1)
  let text = ''
  let hasErrors = false
  let head = ''
  let tail = ''
  let former: BulkReplyItem | undefined
  for (let position = 0; position < items.length; position++) {
    const item = items[position]!
    // Neighbours mostly have one action, index and status.
    if (former?.action !== item.action || former.index !== item.index) head = `{"${item.action}":{"_index":${JSON.stringify(item.index)},"_id":`
    if (former?.status !== item.status) tail = `,"_primary_term":1,"status":${item.status}}}`
    former = item
    if (item.status >= FIRST_ERROR_STATUS) hasErrors = true
    const start = position === 0 ? head : `,${head}`
    const id = item.id === '' ? `${idStart}${position}"` : quoted(item.id)
    text += item.error === undefined ? `${start}${id}${CREATED}${position}${tail}` : `${start}${id}${renderError(item.status, item.error)}`
  }
  return `{"took":${tookMs},"errors":${hasErrors},"items":[${text}]}`
}

export interface BulkReply {
  readonly tookMs: number
  /** In the order of the actions. */
  readonly items: readonly BulkReplyItem[]
  /** Begins the `_id` of items that have none; the item's position follows. Unique if the prefix is. */
  readonly idPrefix?: string
}

export interface BulkReplyItem {
  readonly action: BulkAction
  readonly index: string
  /** Empty when the client gave none. */
  readonly id: string
  readonly status: number
  readonly error?: { readonly type: string; readonly reason: string }
}

const FIRST_ERROR_STATUS = 300
const CREATED = ',"_version":1,"result":"created","_shards":{"total":1,"successful":1,"failed":0},"_seq_no":'

/** Most ids need no escapes, which is told quicker than a general writer is called. */
function quoted(id: string): string {
  return /^[\w:.-]*$/.test(id) ? `"${id}"` : JSON.stringify(id)
}

function renderError(status: number, { type, reason }: NonNullable<BulkReplyItem['error']>): string {
  return `,"status":${status},"error":{"type":${JSON.stringify(type)},"reason":${JSON.stringify(reason)}}}}`
}
