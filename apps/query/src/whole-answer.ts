import type { MissingPart } from '@millrace/query-engine/query-engine'
import type { Completeness } from './query-context.ts'

/** What the parts of an answer say together, when it is sent part by part. */
export class Whole {
  #parts = 0
  events = 0
  complete = true
  /** Of the first part, which looked first. */
  completeUntil: string | undefined
  readonly missing = new Map<string, MissingPart>()

  add(events: number, { complete, completeUntil, missing }: Completeness): void {
    if (this.#parts++ === 0) this.completeUntil = completeUntil
    this.events += events
    this.complete &&= complete
    for (const part of missing) if (this.missing.size < MAX_MISSING) this.missing.set(`${part.reason} ${part.detail}`, part)
  }

  /** The rest cannot be read, and what was sent cannot be taken back. */
  interrupt(): void {
    this.missing.set('interrupted', { reason: 'interrupted', detail: 'what comes after the last line could not be read; ask again for the rest' })
  }

  get isComplete(): boolean {
    return this.complete && this.missing.size === 0
  }
}

/** The last line of an NDJSON answer. */
export function endLine({ events, isComplete, completeUntil, missing }: Whole, more: object = {}): string {
  const end = { type: 'end', events, ...more, complete: isComplete, ...(completeUntil === undefined ? {} : { complete_until: completeUntil }), ...(missing.size === 0 ? {} : { warnings: [...missing.values()].map(({ reason, detail }) => ({ code: reason, detail })) }) }
  return `${JSON.stringify(end)}\n`
}

/** Each part may add some; they repeat. */
const MAX_MISSING = 100
