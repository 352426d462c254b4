import type { Cache } from '@millrace/cache/cache'
import type { Catalog } from '@millrace/catalog/catalog'
import type { LiveFragments } from '@millrace/catalog/live-fragments'
import { createTenantsOf } from '@millrace/catalog/retention-classes'
import type { FragmentIndex } from '@millrace/fragment-index/fragment-index'
import type { FragmentStore } from '@millrace/fragment-store/fragment-store'
import { createFairQueue } from '@millrace/fairness/fair-queue'
import type { Clock } from '@millrace/runtime/clock'
import { addFragment, startAggregation } from './aggregate-events.ts'
import { answerBuckets } from './answer-buckets.ts'
import { answerOnce } from './answer-cache.ts'
import { eventIdOf, loadIds } from './event-ids.ts'
import { addFacetNames, FacetNames, MAX_FACET_NAMES } from './facet-names.ts'
import { compileFilter } from './filters/compile-filter.ts'
import { FirstEvents } from './first-events.ts'
import { FragmentCache, MAX_CACHE_BYTES } from './fragment-cache.ts'
import { MissingObjectError } from './fragment-parts.ts'
import type { FragmentReader } from './fragment-reader.ts'
import { FragmentScan } from './fragment-scan.ts'
import { addPatterns, MAX_PATTERNS, PatternGroups, type PatternGroup } from './group-patterns.ts'
import { findFirstEvents } from './list-events.ts'
import { planQuery } from './plan-query.ts'
import { MAX_BUSY_MS, MAX_QUERY_MS, MAX_QUERY_READ_BYTES, QueryBudget, type QueryLimits } from './query-budget.ts'
import type { AggregateAnswer, AggregateRequest, Completeness, FacetsAnswer, ListAnswer, MessagePattern, PatternsAnswer, QueryCost, QueryEngine, Question, RenderedEvent, UsageAnswer } from './query-engine.ts'
import { renderEvents, type EventPlace } from './render-events.ts'
import { countServices, MAX_SERVICES, UsageOfDays } from './usage-of-days.ts'

export interface QueryEngineOptions {
  readonly catalog: Catalog
  readonly store: FragmentStore
  readonly index: FragmentIndex
  readonly clock: Clock
  /** Where complete answers are remembered; none by default. */
  readonly cache?: Cache
  /** Default: {@link MAX_CACHE_BYTES}. */
  readonly cacheBytes?: number
  readonly limits?: Partial<QueryLimits>
  /** Patterns of messages that one question holds at once. Default: {@link MAX_PATTERNS}. */
  readonly maxPatterns?: number
  /** Bytes that are read at once where less is asked for. Default: 0, for a disk; more where a read costs a trip through the network. */
  readonly readBlockBytes?: number
  /**
   * Queries that scan at once, the others having paused. Default: one, so that the reads of a light query do not wait, one by one, for pieces of a heavy query's work. More where the
   * store is far away: then one can scan while another waits for it.
   */
  readonly concurrentScans?: number
}

/** Opens an engine over ports that it does not own: closing it leaves them open. */
export function openQueryEngine({ catalog, store, index, clock, cache: answers, cacheBytes = MAX_CACHE_BYTES, limits = {}, maxPatterns = MAX_PATTERNS, readBlockBytes = 0, concurrentScans = 1 }: QueryEngineOptions): QueryEngine {
  const cache = new FragmentCache(store, cacheBytes, readBlockBytes)
  const ownLimits: QueryLimits = { timeMs: limits.timeMs ?? MAX_QUERY_MS, readBytes: limits.readBytes ?? MAX_QUERY_READ_BYTES }
  const tenantsOf = createTenantsOf(catalog, clock)
  const turns = createFairQueue({ clock, concurrency: concurrentScans, quantum: MAX_BUSY_MS, maxWaiting: MAX_WAITING_SCANS })

  /** Plans and answers; once more when an object was merged away between the two. */
  async function answer<T extends Completeness>(question: Question, signal: AbortSignal, run: (plan: LiveFragments, scan: FragmentScan) => Promise<T>): Promise<T & QueryCost> {
    const budget = new QueryBudget(clock, signal, ownLimits, async () => await turns.turn(question.tenantId, 0, signal))
    for (let attempt = 1; ; attempt++) {
      budget.checkCancelled()
      const plan = await planQuery(catalog, index, question, await tenantsOf(question.tenantId))
      try {
        const answered = await answerOnce(answers, question, plan, async () => await run(plan, new FragmentScan(cache, budget, attempt === MAX_ATTEMPTS)))
        return { ...answered, scanMs: budget.scanMs }
      } catch (error) {
        if (!(error instanceof MissingObjectError) || attempt === MAX_ATTEMPTS) throw error
      }
    }
  }

  return {
    list: async (request, signal) => {
      const filter = compileFilter(request.filter)
      return await answer<Omit<ListAnswer, keyof QueryCost>>(request, signal, async ({ fragments, positions }, scan) => {
        // One more than asked for tells whether there is a next page.
        const found = new FirstEvents(request, request.limit + 1)
        await scan.run(async () => { await findFirstEvents(request, fragments, scan, filter, found) })
        const places = found.places()
        const events = await renderInOrder(places.slice(0, request.limit), scan)
        return { events, hasMore: places.length > request.limit || scan.isStopped, complete: scan.missing.length === 0, missing: scan.missing, positions }
      })
    },
    aggregate: async (request, signal) => {
      const filter = compileFilter(request.filter)
      startAggregation(request) // refuses a wrong facet before anything is read
      return await answer<Omit<AggregateAnswer, keyof QueryCost>>(request, signal, async ({ fragments, positions }, scan) => {
        const running = startAggregation(request)
        await scan.run(async () => {
          await scan.visitAll(fragments, async (fragment) => { await addFragment(running, fragment, filter) })
        })
        reportOverflow(request, running, scan)
        return { buckets: answerBuckets(running), complete: scan.missing.length === 0, missing: scan.missing, positions }
      })
    },
    facets: async (request, signal) => {
      const filter = compileFilter(request.filter)
      return await answer<Omit<FacetsAnswer, keyof QueryCost>>(asking('facets', request), signal, async ({ fragments, positions }, scan) => {
        const names = new FacetNames()
        await scan.run(async () => {
          await scan.visitAll(fragments, async (fragment) => { await addFacetNames(names, request, fragment, filter) })
        })
        if (names.hasOverflowed) scan.miss({ reason: 'group-budget', detail: `there are more than ${MAX_FACET_NAMES} names; those met last are missing` })
        const sorted = names.sorted()
        return { facets: sorted.slice(0, request.limit), hasMore: sorted.length > request.limit || scan.isStopped, complete: scan.missing.length === 0, missing: scan.missing, positions }
      })
    },
    patterns: async (request, signal) => {
      const filter = compileFilter(request.filter)
      return await answer<Omit<PatternsAnswer, keyof QueryCost>>(asking('patterns', request), signal, async ({ fragments, positions }, scan) => {
        const groups = new PatternGroups(maxPatterns)
        await scan.run(async () => {
          await scan.visitAll(fragments, async (fragment) => { await addPatterns(groups, request, fragment, filter) })
        })
        if (groups.maxLost > 0) scan.miss({ reason: 'group-budget', detail: `there are more patterns than one question may have; any of them may have up to ${groups.maxLost} events more than given` })
        const sorted = groups.sorted()
        const top = sorted.slice(0, request.limit)
        const patterns = await withExamples(top, scan)
        const otherEvents = groups.matched - top.reduce((sum, { events }) => sum + events, 0)
        return { patterns, otherEvents, hasMore: sorted.length > request.limit || groups.maxLost > 0 || scan.isStopped, complete: scan.missing.length === 0, missing: scan.missing, positions }
      })
    },
    usage: async (request, signal) =>
      await answer<Omit<UsageAnswer, keyof QueryCost>>(asking('usage', request), signal, async ({ fragments, positions }, scan) => {
        const usage = new UsageOfDays()
        for (const live of fragments) usage.addFragment(live)
        await scan.run(async () => {
          await scan.visitAll(fragments, async (fragment) => { usage.addServices(fragment.live, await countServices(fragment)) })
        })
        if (usage.hasOverflowed) scan.miss({ reason: 'group-budget', detail: `there are more than ${MAX_SERVICES} services; those met last are counted with their day only` })
        return { days: usage.days(), complete: scan.missing.length === 0, missing: scan.missing, positions }
      }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

/** Two kinds of questions with the same parts must not be remembered as one. */
function asking<R extends Question>(asks: 'facets' | 'patterns' | 'usage', request: R): R {
  return { ...request, asks }
}

async function withExamples(groups: readonly PatternGroup[], scan: FragmentScan): Promise<readonly MessagePattern[]> {
  const examples = new Map<PatternGroup, RenderedEvent>()
  await scan.run(async () => {
    for (const [live, own] of Map.groupBy(groups, ({ newest }) => newest.live)) {
      const events = await scan.visit(live, async (fragment) => {
        const ids = await loadIds(fragment)
        return await renderEvents(fragment, own.map(({ newest: { row, timestampNs } }) => ({ fragment, row, timestampNs, id: eventIdOf(ids.stream(row), ids.offset(row), ids.received(row)) })))
      })
      own.forEach((group, index) => {
        const event = events?.[index]
        if (event !== undefined) examples.set(group, event)
      })
    }
  })
  return groups.map((group) => ({ pattern: group.pattern, events: group.events, example: examples.get(group) }))
}

/** Of one tenant. Whoever asks bounds its questions far below it. */
const MAX_WAITING_SCANS = 1000
/** A second plan names what took the place of a merged object; when that is gone as well, something is lost. */
const MAX_ATTEMPTS = 2

async function renderInOrder(places: readonly EventPlace[], scan: FragmentScan): Promise<readonly RenderedEvent[]> {
  const byFragment = new Map<FragmentReader, EventPlace[]>()
  for (const place of places) {
    const group = byFragment.get(place.fragment)
    if (group === undefined) byFragment.set(place.fragment, [place])
    else group.push(place)
  }
  const rendered = new Map<EventPlace, RenderedEvent>()
  await scan.run(async () => {
    for (const [fragment, group] of byFragment) {
      const events = await scan.visit(fragment.live, async () => await renderEvents(fragment, group))
      events?.forEach((event, index) => {
        const place = group[index]
        if (place !== undefined) rendered.set(place, event)
      })
    }
  })
  return places.flatMap((place) => rendered.get(place) ?? [])
}

function reportOverflow({ groupBy }: AggregateRequest, { tree, timeCells }: ReturnType<typeof startAggregation>, scan: FragmentScan): void {
  if (tree.hasOverflowed) scan.miss({ reason: 'group-budget', detail: `there are more groups of ${groupBy.map(({ facet }) => facet).join(', ')} than one question may have; those met last are missing` })
  if ([...timeCells.values()].some((cells) => cells.hasOverflowed)) scan.miss({ reason: 'group-budget', detail: 'there are more points in time than one question may have; those met last are missing' })
}
