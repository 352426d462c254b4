import type { EventKind, TenantId } from '@millrace/event/event'

/**
 * Finds sealed fragments by what they hold: one document per fragment, never per event. Derived data: `rebuild` makes it again.
 * An answer is a hint about indexed fragments only; the caller intersects it with the catalog and keeps every fragment that is not indexed.
 */
export interface FragmentIndex extends AsyncDisposable {
  /** Identity of this index; a new one (after loss) has another. Catalog rows with another UUID count as not indexed. */
  readonly uuid: string
  /** Puts documents and resolves when a search sees them. Idempotent by `rowId`. @throws {IndexUnavailableError} */
  put(documents: readonly FragmentDocument[]): Promise<void>
  /** Row ids of the tenant's fragments that may hold all of `words`. @throws {IndexUnavailableError} */
  find(query: FragmentQuery): Promise<ReadonlySet<string>>
  /** Forgets documents; absent ones are no error. @throws {IndexUnavailableError} */
  remove(tenantId: TenantId, rowIds: readonly string[]): Promise<void>
}

export interface FragmentDocument {
  readonly tenantId: TenantId
  readonly kind: EventKind
  readonly rowId: string
  readonly minTimeNs: bigint
  readonly maxTimeNs: bigint
  /** Lower-case words without digits of all messages; undefined when there were more than {@link MAX_DOCUMENT_WORDS}: then the fragment is always found. */
  readonly words: readonly string[] | undefined
}

export interface FragmentQuery {
  readonly tenantId: TenantId
  readonly kind: EventKind
  readonly fromNs: bigint
  readonly toNs: bigint
  /** All of them must be in the fragment; lower case, without digits. */
  readonly words: readonly string[]
}

/** Beyond it words are no longer selective (free text, ids), and the document would outgrow its use. */
export const MAX_DOCUMENT_WORDS = 20_000

export class IndexUnavailableError extends Error {
  override readonly name = 'IndexUnavailableError'
  readonly code = 'INDEX_UNAVAILABLE'
  readonly retryable = true
}
