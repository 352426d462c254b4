import { setImmediate as nextTurn } from 'node:timers/promises'
import type { TenantId } from '@millrace/event/event'
import type { AggregateAnswer, AggregateRequest, ListRequest, MissingPart, RenderedEvent } from '@millrace/query-engine/query-engine'
import type { QueryAst } from '@millrace/query-language/ast'
import { clippedFrom, completenessOf, streamsOf, type QueryContext } from '../query-context.ts'

/** A part of the tenant's logs. */
export interface Asked {
  readonly filter: QueryAst
  readonly fromNs: bigint
  /** Exclusive. */
  readonly toNs: bigint
}

/** Asks the engine for one request of Loki's API, keeps count of what was read, and remembers what is missing in the answers. */
export class LokiRun {
  readonly #context: QueryContext
  readonly #tenantId: TenantId
  readonly #signal: AbortSignal
  readonly #startedMs: number
  readonly #missing = new Map<string, MissingPart>()
  #completeUntil: string | undefined
  #isComplete = true
  #answers = 0
  /** Events that were listed, and the bytes of their lines and attributes. */
  events = 0
  bytes = 0

  constructor(context: QueryContext, tenantId: TenantId, signal: AbortSignal) {
    this.#context = context
    this.#tenantId = tenantId
    this.#signal = signal
    this.#startedMs = context.clock.monotonicMs()
  }

  get isComplete(): boolean {
    return this.#isComplete && this.#missing.size === 0
  }

  get completeUntil(): string | undefined {
    return this.#completeUntil
  }

  get missing(): readonly MissingPart[] {
    return [...this.#missing.values()]
  }

  get elapsedMs(): number {
    return this.#context.clock.monotonicMs() - this.#startedMs
  }

  /** Says of the answer that something is missing. */
  miss(part: MissingPart): void {
    if (this.#missing.size < MAX_MISSING) this.#missing.set(`${part.reason} ${part.detail}`, part)
  }

  async aggregate(asked: Asked, question: Pick<AggregateRequest, 'computes' | 'groupBy'>): Promise<AggregateAnswer['buckets']> {
    const base = await this.#baseOf(asked)
    if (base === undefined) return []
    const answer = await this.#context.admission.run(this.#tenantId, this.#signal, async () => await this.#context.engine.aggregate({ ...base, ...question }, this.#signal))
    this.#note(answer)
    return answer.buckets
  }

  /**
   * Lists events page by page until `take` says that it has enough, or more than {@link MAX_READ_EVENTS} or {@link MAX_READ_BYTES} would be read by this run.
   *
   * @returns `bound` when it stopped at a bound.
   */
  async list(asked: Asked, { order, pageEvents = PAGE_EVENTS }: { readonly order: 'asc' | 'desc'; readonly pageEvents?: number }, take: (event: RenderedEvent) => boolean): Promise<'end' | 'enough' | 'bound'> {
    const { clock } = this.#context
    const base = await this.#baseOf(asked)
    if (base === undefined) return 'end'
    for (let after: ListRequest['after']; ;) {
      if (this.events >= MAX_READ_EVENTS || this.bytes >= MAX_READ_BYTES || this.elapsedMs > MAX_RUN_MS) return 'bound'
      const request: ListRequest = { ...base, order, limit: pageEvents, ...(after === undefined ? {} : { after }) }
      const page = await this.#context.admission.run(this.#tenantId, this.#signal, async () => await this.#context.engine.list(request, this.#signal))
      this.#note(page)
      let turnStartedMs = clock.monotonicMs()
      for (const event of page.events) {
        this.events++
        this.bytes += (event.message?.length ?? 0) + event.attributesJson.length
        if (clock.monotonicMs() - turnStartedMs > TURN_MS) {
          await nextTurn()
          turnStartedMs = clock.monotonicMs()
        }
        if (!take(event)) return 'enough'
      }
      const last = page.events.at(-1)
      // A page that was cut short names what is missing, and the next would be cut likewise.
      if (!page.hasMore || last === undefined || !page.complete) return 'end'
      after = { timestampNs: last.timestampNs, id: last.id }
    }
  }

  /** Undefined where nothing can be. */
  async #baseOf({ filter, fromNs, toNs }: Asked): Promise<Omit<ListRequest, 'order' | 'limit'> | undefined> {
    const from = await clippedFrom(this.#context, this.#tenantId, fromNs)
    return from >= toNs ? undefined : { tenantId: this.#tenantId, kind: 'log', fromNs: from, toNs, filter, streams: streamsOf(this.#context.topics, this.#tenantId) }
  }

  #note(answer: Parameters<typeof completenessOf>[1]): void {
    const { complete, completeUntil, missing } = completenessOf(this.#context, answer)
    if (this.#answers++ === 0) this.#completeUntil = completeUntil
    this.#isComplete &&= complete
    for (const part of missing) this.miss(part)
  }
}

/** What one request may look at line by line: about a second's work, and far more than anybody reads. */
export const MAX_READ_EVENTS = 100_000
export const MAX_READ_BYTES = 128 * 1024 * 1024
/** With the last page behind it, below the minute after which proxies take a silent server for dead. */
const MAX_RUN_MS = 30_000
/** Of matching and parsing at once; others are served between. */
const TURN_MS = 10
/** A page of long lines is some megabytes. */
const PAGE_EVENTS = 1000
/** Each answer may add some; they repeat. */
const MAX_MISSING = 100
