import type { BulkAction } from './decode-bulk.ts'

/**
 * The body of a `_bulk` answer: compact, with the keys in the order in which Elasticsearch writes them, since clients look for
 * `"errors":false,"items":[` as text. There must be an item for every action: some clients take a missing one for success.
 */
export function renderBulkReply({ tookMs, items, idPrefix = 'event-' }: BulkReply): string {
  const hasErrors = items.some(({ status }) => status >= FIRST_ERROR_STATUS)
  return `{"took":${tookMs},"errors":${hasErrors},"items":[${items.map((item, position) => renderItem(item, position, idPrefix)).join(',')}]}`
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

function renderItem({ action, index, id, status, error }: BulkReplyItem, position: number, idPrefix: string): string {
  const head = `{"${action}":{"_index":${JSON.stringify(index)},"_id":${JSON.stringify(id === '' ? `${idPrefix}${position}` : id)}`
  if (error !== undefined) return `${head},"status":${status},"error":{"type":${JSON.stringify(error.type)},"reason":${JSON.stringify(error.reason)}}}}`
  return `${head},"_version":1,"result":"created","_shards":{"total":1,"successful":1,"failed":0},"_seq_no":${position},"_primary_term":1,"status":${status}}}`
}
