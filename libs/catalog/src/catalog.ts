import type { EventKind, TenantId } from '@millrace/event/event'

/**
 * The truth about what exists: tenants, API keys, topic generations, the commit log of each partition, the seal log and the sealed rows.
 *
 * Designed for Cassandra: a conditional write is atomic inside one partition of the log only, and its outcome may be unknown.
 * Streams are `<generation>/<partition>` everywhere. Wall time never orders anything here; milliseconds are stamps for ageing.
 * Every method may throw {@link CatalogUnavailableError}: nothing was decided, retrying is safe.
 */
export interface Catalog extends AsyncDisposable, Tenants, Settings, CommitLog, SealLog {
  /** The generation that intake writes to, created with these values when there is none; the first caller wins. */
  openGeneration(candidate: TopicGeneration): Promise<TopicGeneration>
  /** The generation that intake writes to; undefined before it was made. */
  currentGeneration(): Promise<TopicGeneration | undefined>
  /**
   * A secret that all processes share, such as the one that signs receipts: `candidate` when there is none of that name; the first caller wins.
   * Kept readable, because it must sign again after a restart: who can read the catalog's files can read all events anyway.
   */
  openSecret(name: string, candidate: string): Promise<string>
}

export interface TopicGeneration {
  readonly generation: string
  readonly partitions: number
}

/** Tenants and the hashes of their keys. A key's text is never stored. */
export interface Tenants {
  /** @throws {TenantExistsError} @throws {OutcomeUnknownError} */
  createTenant(tenant: Tenant): Promise<void>
  findTenant(tenantId: TenantId): Promise<Tenant | undefined>
  listTenants(): Promise<readonly Tenant[]>
  /** Changes for how many days a tenant's events are kept; answers false where there is no such tenant. Safe to repeat. */
  setRetention(tenantId: TenantId, retentionDays: number): Promise<boolean>
  /** Adds or replaces the key with this hash. */
  putKey(key: KeyEntry): Promise<void>
  findKey(hash: string): Promise<ApiKey | undefined>
  /** All keys of a tenant, or all admin keys where it is undefined, in no order. It may read every key that there is: for people, not for requests. */
  listKeys(tenantId: TenantId | undefined): Promise<readonly KeyEntry[]>
  /** Removes the key with this hash. Removing an absent one is not an error; one that is put again afterwards is there again. */
  removeKey(hash: string): Promise<void>
}

export interface Tenant {
  readonly tenantId: TenantId
  readonly name: string
  readonly retentionDays: number
}

export interface ApiKey {
  /** SHA-256 of the key's text, hex. Keys have 190 random bits or more, so a slow hash would protect nothing. */
  readonly hash: string
  /** Undefined for an admin key, which belongs to no tenant. */
  readonly tenantId: TenantId | undefined
  readonly scopes: readonly Scope[]
}

/** A key with what people know it by. */
export interface KeyEntry extends ApiKey {
  /** Absent for a key that was made before names were kept. */
  readonly name?: string
  /** Absent likewise. */
  readonly createdMs?: number
}

export type Scope = 'ingest' | 'query' | 'admin'

/** What a tenant may change about itself, one text per name. The catalog does not look into it. */
export interface Settings {
  readSetting(tenantId: TenantId, name: string): Promise<Setting | undefined>
  /**
   * Puts `value` (at most {@link MAX_SETTING_LENGTH}) in the place of the version that the caller has read; 0 where there was none. Answers the new version.
   * @throws {SettingConflictError} another version is there. @throws {OutcomeUnknownError}
   */
  writeSetting(tenantId: TenantId, name: string, value: string, expectedVersion: number): Promise<number>
}

export interface Setting {
  readonly value: string
  /** Grows by one with every write, from 1. */
  readonly version: number
}

/** Characters. Settings are read whole and often; a longer one belongs into a fragment. */
export const MAX_SETTING_LENGTH = 65_536

/** One log per stream; one entry per flush. A pack that no entry names does not exist. */
export interface CommitLog {
  /**
   * Claims the stream for `ownerId` at the last epoch plus one. From its return on, no commit of an earlier epoch succeeds.
   * Claiming again with the same `ownerId` while no one else did answers the same epoch, which settles an unknown outcome.
   * @throws {OutcomeUnknownError}
   */
  claimStream(stream: string, ownerId: string): Promise<CommitClaim>
  /**
   * Appends `entry` if its epoch is the stream's current one, its sequence is the last plus one and `firstOffset` equals the last
   * entry's `nextOffset`; the entry, its directory and its request ids become visible together or not at all.
   * @throws {FencedError} another owner has claimed, or the entry does not continue the log: read the position again.
   * @throws {OutcomeUnknownError} only reading the position again can tell.
   */
  commit(stream: string, entry: CommitEntry): Promise<void>
  /** Where the log stands, read at the strongest consistency. Zeroes before the first entry. */
  readPosition(stream: string): Promise<CommitPosition>
  /** Entries with sequence > `afterSequence`, ascending, at most `limit`, without request ids. */
  readEntries(stream: string, afterSequence: number, limit: number): Promise<readonly CommitEntry[]>
  /** Request ids whose `expiresMs` is above `aliveMs`, in pages, oldest first, up to two minutes. A writer reads all before its first flush. */
  readRequestIds(stream: string, aliveMs: number): AsyncIterable<readonly CommittedRequest[]>
  /**
   * Forgets request ids that expired before `beforeMs`, and entries up to `throughSequence`. The caller keeps entries for readers that began before their
   * seal; entries that are not sealed, and the last sealed one, which tells receipts how far sealing is, stay in any case.
   */
  trimCommits(stream: string, options: { readonly beforeMs: number; readonly throughSequence: number }): Promise<void>
}

export interface CommitPosition {
  readonly epoch: number
  /** Sequence of the last entry; 0 = none yet. */
  readonly sequence: number
  /** Next offset to read from `routed`. */
  readonly nextOffset: number
  /** Next offset expected from `batches`: every record below it is in a named pack, or held nothing new. */
  readonly nextSourceOffset: number
}

export interface CommitClaim extends CommitPosition {
  readonly ownerId: string
}

export interface CommitEntry {
  readonly epoch: number
  readonly sequence: number
  /** Records `[firstOffset, nextOffset)` of `routed` are in this entry. */
  readonly firstOffset: number
  readonly nextOffset: number
  readonly nextSourceOffset: number
  /** Text of the object's key (objectKeyText); undefined when the flush brought no events. */
  readonly pack: string | undefined
  readonly directory: readonly FragmentRow[]
  readonly requests: readonly CommittedRequest[]
  readonly committedMs: number
}

/** Where one encoded fragment stands in an object, and what a planner needs to know of it. */
export interface FragmentRow {
  readonly tenantId: TenantId
  readonly kind: EventKind
  readonly dayNs: bigint
  readonly rows: number
  /** First and last event time, ns since `dayNs`, inclusive. */
  readonly minTimeOffset: number
  readonly maxTimeOffset: number
  /** Bytes `[start, end)` of the object. */
  readonly start: number
  readonly end: number
}

export interface CommittedRequest {
  readonly tenantId: TenantId
  /** 32 hex digits. */
  readonly id: string
  readonly part: number
  readonly expiresMs: number
}

/** The same rule one level up: sealed rows count only once the seal log names their tag. */
export interface SealLog {
  /**
   * As {@link CommitLog.claimStream}, for the sealer of a stream. A tag is filled once: a sealer that has put rows and could not name them must claim
   * with a new `ownerId`, or what it puts next would be named together with them.
   * @throws {OutcomeUnknownError}
   */
  claimSealer(stream: string, ownerId: string): Promise<SealPosition>
  /**
   * Stores sealed rows under the tag (stream, epoch, sequence), which must be above every named one. They are invisible until {@link nameSeal} names that tag.
   * Idempotent; a row that a merge has replaced stays replaced, and one that was removed must not be put again.
   * @throws {OutcomeUnknownError} putting the same again is safe.
   */
  putSealed(rows: readonly SealedRow[]): Promise<void>
  /**
   * Names the tag (`epoch`, `sequence`): commit entries up to `throughCommit` are now represented by sealed rows.
   * @throws {FencedError} @throws {OutcomeUnknownError}
   */
  nameSeal(stream: string, seal: SealPosition): Promise<void>
  readSealPosition(stream: string): Promise<SealPosition>
  /**
   * Rows of a tenant and kind with a day in `[fromDayNs, toDayNs]` whose tag is named, inputs of merges included.
   * A caller reads the seal positions first, then these, then the commit entries after; live-fragments.ts does.
   */
  readSealed(tenantId: TenantId, kind: EventKind, fromDayNs: bigint, toDayNs: bigint): Promise<readonly SealedRow[]>
  /**
   * Puts `merged` in the place of `merged.inputs`, rows of the same tenant, kind, day and stream, if all of them are still live. Its tag is one that is named already.
   * @throws {FencedError} one is not. @throws {OutcomeUnknownError}
   */
  mergeSealed(merged: SealedRow): Promise<void>
  /**
   * Removes the rows that merges made before `beforeMs`, on the catalog's clock, have replaced; answers them, so that index entries and bytes can go afterwards.
   * Until then they stay readable: a reader whose position is below a merge's tags uses its inputs. After an error it may be called again, and finds what is left.
   */
  forgetMerged(tenantId: TenantId, kind: EventKind, beforeMs: number): Promise<readonly SealedRow[]>
  /** Records each row's `indexed`: the UUID of the index that holds it and was refreshed. The rows are as they were read or put; those that are gone stay gone. */
  markIndexed(rows: readonly SealedRow[]): Promise<void>
  /**
   * Removes the rows of whole days before `beforeDayNs`; answers them, so that their bytes can go afterwards. Rows that are not named yet may stay until they are.
   * After an error it may be called again, and finds what is left.
   */
  expireSealed(tenantId: TenantId, kind: EventKind, beforeDayNs: bigint): Promise<readonly SealedRow[]>
  /** True when some sealed row still names the object, and its tag is named or can still be. Asked before its bytes are removed. */
  isObjectNamed(object: string): Promise<boolean>
}

export interface SealPosition {
  readonly epoch: number
  /** Sequence of the last named seal; 0 = none yet. */
  readonly sequence: number
  /** Last commit sequence that is sealed; 0 = none. */
  readonly throughCommit: number
}

export interface SealedRow extends FragmentRow {
  /** Random, 16 lower-case letters and digits. */
  readonly rowId: string
  /** Text of the object's key. */
  readonly object: string
  readonly stream: string
  readonly epoch: number
  readonly sequence: number
  /** Row ids that this one replaces; empty unless it is a merge. */
  readonly inputs: readonly string[]
  /** Highest tag among the inputs per stream. Empty unless it is a merge. */
  readonly inputTags: readonly { readonly stream: string; readonly epoch: number; readonly sequence: number }[]
  /** UUID of the index that holds it, or undefined: then it is always a candidate. */
  readonly indexed: string | undefined
}

export class CatalogUnavailableError extends Error {
  override readonly name = 'CatalogUnavailableError'
  readonly code = 'CATALOG_UNAVAILABLE'
  readonly retryable = true
}

/** A conditional write whose result did not come back. Never retried blindly: only a re-read resolves it. */
export class OutcomeUnknownError extends Error {
  override readonly name = 'OutcomeUnknownError'
  readonly code = 'OUTCOME_UNKNOWN'
  readonly retryable = false
}

export class FencedError extends Error {
  override readonly name = 'FencedError'
  readonly code = 'FENCED'
  readonly retryable = false
}

export class TenantExistsError extends Error {
  override readonly name = 'TenantExistsError'
  readonly code = 'TENANT_EXISTS'
  readonly retryable = false
}

export class SettingConflictError extends Error {
  override readonly name = 'SettingConflictError'
  readonly code = 'SETTING_CONFLICT'
  readonly retryable = false
}
