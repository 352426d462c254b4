import type { ReactElement } from 'react'
import type { LogEvent } from '../api/types.ts'
import type { Tail } from '../hooks/use-tail.ts'
import { EventList } from './event-list.tsx'

interface TailResultsProps {
  readonly tail: Tail
  readonly columns: readonly string[]
  readonly selectedId: string | undefined
  readonly onSelect: (event: LogEvent | undefined) => void
  readonly onRemoveColumn: (facet: string) => void
}

/** Events as they arrive, the newest on top. */
export function TailResults({ tail, ...list }: TailResultsProps): ReactElement {
  if (tail.events.length === 0) return <div className="empty"><p>Waiting for events that match…</p></div>
  return <EventList events={tail.events} {...list} />
}
