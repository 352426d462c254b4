import { memo, type ReactElement } from 'react'
import type { LogEvent } from '../api/types.ts'
import { fieldText } from '../state/event-fields.ts'
import { levelOf } from '../state/status-level.ts'
import { lineTime } from '../state/time-range.ts'

interface EventRowProps {
  readonly id: string
  readonly event: LogEvent
  readonly columns: readonly string[]
  /** CSS pixels from the list's start. */
  readonly top: number
  /** From 1. */
  readonly position: number
  readonly setSize: number
  readonly isSelected: boolean
  readonly onSelect: (event: LogEvent) => void
}

/** One event on one line. What it says enters as text, never as markup. */
export const EventRow = memo(function EventRow({ id, event, columns, top, position, setSize, isSelected, onSelect }: EventRowProps): ReactElement {
  const { timestamp, status, service, message } = event.attributes
  return (
    <div id={id} role="option" aria-selected={isSelected} aria-posinset={position} aria-setsize={setSize} className={`event-row level-${levelOf(status)}`} style={{ transform: `translateY(${top}px)` }} onClick={() => { onSelect(event) }}>
      <time className="cell-time" dateTime={timestamp}>{lineTime(timestamp)}</time>
      <span className="cell-status">{status ?? ''}</span>
      <span className="cell-service">{service ?? ''}</span>
      {columns.map((facet) => <span key={facet} className="cell-column">{fieldText(event, facet)}</span>)}
      <span className="cell-message">{(message ?? '').slice(0, MAX_LINE_CHARACTERS)}</span>
    </div>
  )
})

/** Beyond it nothing is in view; the details have the whole. */
const MAX_LINE_CHARACTERS = 1000
