import type { ReactElement } from 'react'
import type { LogEvent } from '../api/types.ts'
import { MAX_LISTED_EVENTS, type Events } from '../hooks/use-events.ts'
import { EventList } from './event-list.tsx'

interface EventResultsProps {
  readonly events: Events
  readonly columns: readonly string[]
  readonly selectedId: string | undefined
  readonly onSelect: (event: LogEvent | undefined) => void
  readonly onRemoveColumn: (facet: string) => void
}

/** What a search found, page after page as the reader scrolls. */
export function EventResults({ events: { events, isLoading, hasMore, error, loadMore }, ...list }: EventResultsProps): ReactElement {
  if (events.length === 0) {
    return isLoading || error !== undefined ? <div className="empty" aria-busy={isLoading} /> : <div className="empty"><p>No events match in this time range.</p><p className="quiet">Widen the range, or take a condition away.</p></div>
  }
  const end = isLoading ? 'loading…' : events.length >= MAX_LISTED_EVENTS ? 'older events are not listed; export has them all, or narrow the range' : hasMore ? '' : `all ${events.length.toLocaleString('en')} events`
  return <EventList events={events} {...list} {...(hasMore && error === undefined ? { onEnd: loadMore } : {})} footer={<p className="list-end quiet">{end}</p>} />
}
