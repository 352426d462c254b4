import { BusFullError, BusUnavailableError, type Bus } from '@millrace/bus/bus'
import type { Topics } from '@millrace/bus/topics'
import type { TenantId } from '@millrace/event/event'
import type { FairWork } from '@millrace/fairness/fair-work'
import { MAX_INTAKE_RECORD_BYTES, MAX_RECORD_TRACES } from '@millrace/fragment/batch-record'
import type { Clock } from '@millrace/runtime/clock'
import { noFailpoints, type Failpoints } from '@millrace/runtime/failpoints'
import type { Log } from '@millrace/telemetry/log'
import { endWith, isTracing, startChild, tracePointOf, type Span } from '@millrace/telemetry/tracing'
import { buildRecord } from './build-record.ts'
import type { IntakeMetrics } from './intake-metrics.ts'
import type { IntakeRequest, Placed } from './intake-request.ts'

/** Gathers requests into records and makes them durable. */
export interface Batcher {
  /**
   * Takes a whole client request into the waiting room, before its first part is submitted; disposing lets it out. What is refused here has left nothing behind.
   * One tenant has a part of the room, so that others get in however much it sends.
   *
   * @param sourceBytes of all its events. @throws {BusFullError} too much waits, of this tenant or of all.
   */
  admit(tenantId: TenantId, sourceBytes: number): Disposable
  /**
   * Resolves once the request is durable in the topic `batches`. May be durable also after a rejection, unless that is {@link BusFullError}
   * or {@link RecordTooLargeError}.
   *
   * @throws {BusFullError} the bus takes no more.
   * @throws {BusUnavailableError} the bus did not take it within {@link MAX_PLACING_MS}, in several attempts under the same id.
   * @throws {RecordTooLargeError} its encoding does not fit a record, alone.
   */
  submit(request: IntakeRequest): Promise<Placed>
}

export interface BatcherOptions {
  readonly bus: Bus
  readonly topics: Topics
  readonly clock: Clock
  readonly log: Log
  readonly failpoints?: Failpoints
  /** Records are encoded by tenant in turn. */
  readonly work: FairWork
  /** Nothing is shown without. */
  readonly metrics?: Pick<IntakeMetrics, 'showWaiting'>
}

/** One request whose columns do not fit one record: very many different attributes, or bytes that do not compress. */
export class RecordTooLargeError extends Error {
  override readonly name = 'RecordTooLargeError'
  readonly code = 'RECORD_TOO_LARGE'
  readonly retryable = false
}

/**
 * Opens a batcher. Requests of one tenant and partition that arrive within a few milliseconds, or while the record before is being
 * appended, share a record: under load records grow by themselves, and a lone request waits for one short window only.
 */
export function createBatcher({ failpoints = noFailpoints, ...options }: BatcherOptions): Batcher {
  return new LaneBatcher({ ...options, failpoints })
}

/** How long a lone request waits for company. Short beside a sync of the disk, long enough for a burst of small requests. */
export const COALESCE_WINDOW_MS = 3
/**
 * Received bytes gathered into one record: those of one part of a large request. Encoding them takes some two milliseconds, during which everybody waits; a record of four times
 * as many would cost no less per byte. Logs compress to about an eighth, so this stays far below the record's limit; where it does not, the record is halved.
 */
const COALESCE_SOURCE_BYTES = 512 * 1024
/** Columns of all tables of a record, alike ones counted each: a record of several wide requests would be encoded only to be halved. */
const MAX_COALESCED_COLUMNS = 8192
/** A record lists its units in 29 bytes each. */
const MAX_RECORD_UNITS = 4096
/** Received bytes that may wait for the bus, over all tenants: a second or two of a fast sender while the disk stalls. */
export const MAX_WAITING_BYTES = 64 * 1024 * 1024
/** One tenant's part of them. A larger request is taken while nothing else of its tenant waits, and counts as this. */
export const MAX_TENANT_WAITING_BYTES = MAX_WAITING_BYTES / 2
/** Unknown outcomes are repeated under the same ids, so that the writer keeps one; about 1.3 s in all where the bus fails at once. */
const APPEND_ATTEMPTS = 4
const FIRST_BACKOFF_MS = 60
/**
 * From submitting to the last attempt, also of what stands behind a record that the bus is silent about; an attempt may take some seconds more. Clients give up after ten to thirty
 * seconds, the gateway after a minute: they must be told before that nothing is certain.
 */
export const MAX_PLACING_MS = 8_000

interface Waiting {
  readonly request: IntakeRequest
  /** When it must not be tried again, on the monotonic clock. */
  readonly giveUpMs: number
  /** Of its waiting and appending, when it is traced. */
  readonly span: Span | undefined
  readonly resolve: (placed: Placed) => void
  readonly reject: (error: unknown) => void
}

type LaneOptions = BatcherOptions & { readonly failpoints: Failpoints }

class LaneBatcher implements Batcher {
  readonly #options: LaneOptions
  /** Per tenant and partition, while something of it waits or is being appended. */
  readonly #lanes = new Map<string, Waiting[]>()
  #waitingBytes = 0
  readonly #waitingBytesOf = new Map<TenantId, number>()

  constructor(options: LaneOptions) {
    this.#options = options
  }

  admit(tenantId: TenantId, sourceBytes: number): Disposable {
    const bytes = Math.min(sourceBytes, MAX_TENANT_WAITING_BYTES)
    const before = this.#waitingBytesOf.get(tenantId) ?? 0
    if (before + bytes > MAX_TENANT_WAITING_BYTES || this.#waitingBytes + bytes > MAX_WAITING_BYTES) throw new BusFullError('too many bytes wait for the bus')
    this.#count(tenantId, bytes)
    return { [Symbol.dispose]: () => { this.#count(tenantId, -bytes) } }
  }

  #count(tenantId: TenantId, bytes: number): void {
    this.#waitingBytes += bytes
    this.#options.metrics?.showWaiting(this.#waitingBytes)
    const own = (this.#waitingBytesOf.get(tenantId) ?? 0) + bytes
    if (own === 0) this.#waitingBytesOf.delete(tenantId)
    else this.#waitingBytesOf.set(tenantId, own)
  }

  submit(request: IntakeRequest): Promise<Placed> {
    const span = startChild('send batches', 'PRODUCER')
    const placed = new Promise<Placed>((resolve, reject) => {
      const waiting: Waiting = { request, giveUpMs: this.#options.clock.monotonicMs() + MAX_PLACING_MS, span, resolve, reject }
      const key = `${request.tenantId}/${request.partition}`
      const lane = this.#lanes.get(key)
      if (lane !== undefined) {
        lane.push(waiting)
        return
      }
      const opened = [waiting]
      this.#lanes.set(key, opened)
      void this.#drain(key, opened)
    })
    return span === undefined ? placed : endWith(span, placed)
  }

  /** Never rejects: every failure is answered to the requests that it concerns. */
  async #drain(key: string, lane: Waiting[]): Promise<void> {
    while (lane.length > 0) {
      if (sourceBytesOf(lane) < COALESCE_SOURCE_BYTES) await this.#options.clock.sleep(COALESCE_WINDOW_MS)
      this.#refuseLate(lane)
      await this.#place(takeGroup(lane))
    }
    this.#lanes.delete(key)
  }

  /** Nothing of them was appended yet. */
  #refuseLate(lane: Waiting[]): void {
    const nowMs = this.#options.clock.monotonicMs()
    const inTime = lane.findIndex(({ giveUpMs }) => giveUpMs > nowMs)
    for (const { reject } of lane.splice(0, inTime < 0 ? lane.length : inTime)) reject(new BusUnavailableError('the bus was silent about what stood before'))
  }

  /** Appends a group as one record, or as two where one would be too large. */
  async #place(group: readonly Waiting[]): Promise<void> {
    const [first] = group
    if (first === undefined) return
    try {
      const record = await this.#options.work.once(first.request.tenantId, () => buildRecord(group.map(({ request }) => request), tracesOf(group)))
      if (record.length <= MAX_INTAKE_RECORD_BYTES) {
        const offset = await this.#append(first, record)
        this.#options.failpoints.hit('after-append')
        for (const { request, span, resolve } of group) {
          span?.setAttributes({ 'messaging.destination.partition.id': String(request.partition), 'millrace.offset': offset })
          resolve({ partition: request.partition, offset })
        }
        return
      }
      if (group.length === 1) throw new RecordTooLargeError(`the request's ${first.request.sourceBytes} bytes encode to ${record.length}`)
    } catch (error) {
      for (const { reject } of group) reject(error)
      return
    }
    const middle = group.length >> 1
    await this.#place(group.slice(0, middle))
    await this.#place(group.slice(middle))
  }

  /** @param first of the group, which has waited longest. */
  async #append({ request: { partition }, giveUpMs }: Waiting, record: Uint8Array): Promise<number> {
    const { bus, topics, clock, log } = this.#options
    for (let attempt = 1; ; attempt++) {
      try {
        return await bus.append(topics.batches, partition, record)
      } catch (error) {
        const backoffMs = FIRST_BACKOFF_MS * 4 ** (attempt - 1)
        if (!(error instanceof BusUnavailableError) || attempt === APPEND_ATTEMPTS || clock.monotonicMs() + backoffMs >= giveUpMs) throw error
        log.warn({ err: error, partition, attempt }, 'appending again under the same ids')
        await clock.sleep(backoffMs)
      }
    }
  }
}

function takeGroup(lane: Waiting[]): Waiting[] {
  let bytes = 0
  let units = 0
  let columns = 0
  let count = 0
  for (const { request } of lane) {
    units += request.units.length
    columns += request.tables.reduce((sum, { table }) => sum + table.columns.length, 0)
    if (count > 0 && (bytes + request.sourceBytes > COALESCE_SOURCE_BYTES || units > MAX_RECORD_UNITS || columns > MAX_COALESCED_COLUMNS)) break
    bytes += request.sourceBytes
    count += 1
  }
  return lane.splice(0, count)
}

function tracesOf(group: readonly Waiting[]): readonly Uint8Array[] | undefined {
  if (!isTracing()) return undefined
  const spans = group.map(({ span }) => span).filter((span) => span !== undefined)
  return spans.length === 0 ? undefined : spans.slice(0, MAX_RECORD_TRACES).map(tracePointOf)
}

function sourceBytesOf(group: readonly Waiting[]): number {
  return group.reduce((sum, { request }) => sum + request.sourceBytes, 0)
}
