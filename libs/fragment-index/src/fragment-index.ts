import type { EventKind, TenantId } from '@millrace/event/event'

/**
 * Finds sealed fragments by what they hold: one document per fragment, never per event. Derived data: the indexer's `rebuildIndex` makes it again.
 *
 * Documents live in one or more indices; which one is a function of the fragment's kind and day. Each index has a UUID of its own: an index that is
 * lost and made anew has another, under whatever name. An answer is a hint about indexed fragments only; the caller intersects it with the catalog and
 * keeps every fragment that no index which answered is known to hold.
 */
export interface FragmentIndex extends AsyncDisposable {
  /**
   * Puts documents and resolves when a search sees them. Idempotent by tenant, kind, day and row id.
   * Answers, per document, the UUID of the index that holds it now; undefined where it was refused: that fragment stays unindexed.
   * @throws {IndexUnavailableError} some documents may have been put; putting them again is safe.
   */
  put(documents: readonly FragmentDocument[]): Promise<readonly (string | undefined)[]>
  /** Finds the tenant's fragments that may hold all of `words`. @throws {IndexUnavailableError} */
  find(query: FragmentQuery): Promise<FragmentHits>
  /** Forgets documents; absent ones are no error. @throws {IndexUnavailableError} */
  remove(rows: readonly FragmentName[]): Promise<void>
  /** Forgets, sooner or later, all documents of days before `dayNs`, of every tenant: also those whose removal has failed. @throws {IndexUnavailableError} */
  removeBefore(dayNs: bigint): Promise<void>
  /** UUIDs of all indices that exist now. A catalog row that names another one is not indexed. @throws {IndexUnavailableError} */
  uuids(): Promise<ReadonlySet<string>>
}

/** Names a fragment, and with its kind and day the index that its document belongs to. */
export interface FragmentName {
  readonly tenantId: TenantId
  readonly kind: EventKind
  /** Start of the fragment's UTC day. */
  readonly dayNs: bigint
  readonly rowId: string
}

export interface FragmentDocument extends FragmentName {
  /** Inside the day. */
  readonly minTimeNs: bigint
  /** Inclusive, inside the day. */
  readonly maxTimeNs: bigint
  /** Lower-case words without digits of all messages; undefined when there were more than {@link MAX_DOCUMENT_WORDS}: then the fragment is always found. */
  readonly words: readonly string[] | undefined
}

export interface FragmentQuery {
  readonly tenantId: TenantId
  readonly kind: EventKind
  readonly fromNs: bigint
  /** Inclusive. */
  readonly toNs: bigint
  /** All of them must be in the fragment; lower case, without digits. */
  readonly words: readonly string[]
}

export interface FragmentHits {
  /** Row ids of all fragments that may match, out of those that the indices in `indexes` hold; possibly others. */
  readonly rowIds: ReadonlySet<string>
  /**
   * UUIDs of the indices that answered in full. A fragment may be left out of a scan only if the catalog says that one of these holds it and it is not
   * among `rowIds`.
   */
  readonly indexes: ReadonlySet<string>
}

/** Beyond it words are no longer selective (free text, ids), and the document would outgrow its use. */
export const MAX_DOCUMENT_WORDS = 20_000
/** More words would hardly make an answer smaller; leaving some out only gives more candidates. */
export const MAX_QUERY_WORDS = 32

/** Times beyond 64 bits, before 1677 and after 2262, count as the nearest that fits, in documents and in queries alike: what overlapped still does. */
export function clampTime(timeNs: bigint): bigint {
  if (timeNs > MAX_TIME_NS) return MAX_TIME_NS
  return timeNs < -MAX_TIME_NS ? -MAX_TIME_NS : timeNs
}

const MAX_TIME_NS = 2n ** 63n - 1n

export class IndexUnavailableError extends Error {
  override readonly name = 'IndexUnavailableError'
  readonly code = 'INDEX_UNAVAILABLE'
  readonly retryable = true
}
