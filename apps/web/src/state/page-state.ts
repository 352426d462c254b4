import { DEFAULT_RANGE, type TimeRange } from './time-range.ts'

/** Everything that the address holds: who is sent it sees the same. */
export interface PageState {
  readonly query: string
  readonly range: TimeRange
  readonly tab: 'events' | 'patterns'
  readonly isLive: boolean
  /** The event whose details are open. */
  readonly event: EventName | undefined
  /** Facets that are shown beside the message. */
  readonly columns: readonly string[]
}

export interface EventName {
  readonly id: string
  readonly timestamp: string
}

/** More do not fit beside each other. */
export const MAX_COLUMNS = 8

export function pageStateOf(search: string): PageState {
  const given = new URLSearchParams(search)
  const [id, timestamp] = (given.get('event') ?? '').split('~')
  return {
    query: given.get('query') ?? '',
    range: { from: given.get('from') ?? DEFAULT_RANGE.from, to: given.get('to') ?? DEFAULT_RANGE.to },
    tab: given.get('tab') === 'patterns' ? 'patterns' : 'events',
    isLive: given.get('live') === '1',
    event: id === undefined || id === '' || timestamp === undefined ? undefined : { id, timestamp },
    columns: given.getAll('column').filter((name) => name !== '').slice(0, MAX_COLUMNS),
  }
}

/** What {@link pageStateOf} reads; what is as usual is left out. */
export function searchOfPageState({ query, range, tab, isLive, event, columns }: PageState): string {
  const search = new URLSearchParams()
  if (query !== '') search.set('query', query)
  search.set('from', range.from)
  search.set('to', range.to)
  if (tab !== 'events') search.set('tab', tab)
  if (isLive) search.set('live', '1')
  for (const column of columns) search.append('column', column)
  if (event !== undefined) search.set('event', `${event.id}~${event.timestamp}`)
  return `?${search}`
}
