// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import type { LiveFragment } from '@millrace/catalog/live-fragments'
import type { TenantId } from '@millrace/event/event'
import type { Fragment } from '@millrace/fragment/fragment'
import { openFragmentBytes } from '@millrace/fragment/read-fragment'
import type { QueryAst } from '@millrace/query-language/ast'
import type { Clock } from '@millrace/runtime/clock'
import { eventIdOf, loadIds } from './event-ids.ts'
import { compileFilter } from './filters/compile-filter.ts'
import { KEEP_ALL } from './filters/filter.ts'
import { FragmentParts } from './fragment-parts.ts'
import { FragmentReader } from './fragment-reader.ts'
import { MAX_QUERY_MS, MAX_QUERY_READ_BYTES, QueryBudget } from './query-budget.ts'
import type { RenderedEvent } from './query-engine.ts'
import { renderEvents, type EventPlace } from './render-events.ts'

/** Finds the events of one search in fragments on their way, before they are stored. */
export interface FragmentMatcher {
  /**
   * Answers the matching events in the order in which they came, at most `limit`, under the ids that they will be stored with.
   *
   * @throws {FragmentCorruptError} the bytes are no fragment. @throws {QueryCancelledError} `signal` aborted.
   */
  match(fragment: ArrivedFragment, limit: number, signal: AbortSignal): Promise<FragmentMatches>
}

export interface ArrivedFragment {
  readonly tenantId: TenantId
  /** `<generation>/<partition>` of the batch that brought it. */
  readonly stream: string
  /** Offset of that batch. */
  readonly offset: number
  /** One encoded fragment of logs, as batches hold them. */
  readonly bytes: Uint8Array
}

export interface FragmentMatches {
  readonly events: readonly RenderedEvent[]
  /** Events that matched and are beyond the limit. */
  readonly leftOut: number
}

/** @throws {BadPatternError} as a query with this filter would. */
export function createFragmentMatcher(search: QueryAst, clock: Clock): FragmentMatcher {
  const filter = compileFilter(search)
  return {
    async match(arrived, limit, signal) {
      const budget = new QueryBudget(clock, signal, { timeMs: MAX_QUERY_MS, readBytes: MAX_QUERY_READ_BYTES })
      await budget.checkpoint()
      const opened = openFragmentBytes(arrived.bytes)
      const fragment = new FragmentReader(liveOf(arrived, opened), new FragmentParts(opened, () => undefined), budget)
      const decision = await fragment.decide(filter)
      if (decision === 'none') return { events: [], leftOut: 0 }
      const { rows, dayNs } = fragment.header
      const mask = new Uint8Array(rows).fill(1)
      const narrow = decision === 'all' ? KEEP_ALL : await filter.load(fragment)
      narrow(0, mask)
      const { offsets } = await fragment.times()
      const { received } = await loadIds(fragment)
      const places: EventPlace[] = []
      let matched = 0
      for (let row = 0; row < rows; row++) {
        if (mask[row] === 0 || ++matched > limit) continue
        places.push({ fragment, row, id: eventIdOf(arrived.stream, arrived.offset, received(row)), timestampNs: dayNs + BigInt(offsets[row]!) })
      }
      return { events: await renderEvents(fragment, places), leftOut: matched - places.length }
    },
  }
}

function liveOf({ tenantId, bytes }: ArrivedFragment, { header }: Fragment): LiveFragment {
  const { dayNs, rows, minTimeOffset, maxTimeOffset } = header
  return { tenantId, kind: 'log', dayNs, rows, minTimeOffset, maxTimeOffset, start: 0, end: bytes.length, object: '', sealed: undefined }
}
