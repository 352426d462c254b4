import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef, type KeyboardEvent, type ReactElement } from 'react'
import type { LogEvent } from '../api/types.ts'
import { Icon } from '../frame/icon.tsx'
import { EventRow } from './event-row.tsx'

interface EventListProps {
  readonly events: readonly LogEvent[]
  readonly columns: readonly string[]
  readonly selectedId: string | undefined
  readonly onSelect: (event: LogEvent | undefined) => void
  readonly onRemoveColumn: (facet: string) => void
  /** The end came into view. */
  readonly onEnd?: () => void
  /** Stands below the last event. */
  readonly footer?: ReactElement | null
}

/** The events as lines of one height; only those in view are in the document. Arrows, j and k, Page Up and Down, Home and End go through them. */
export function EventList({ events, columns, selectedId, onSelect, onRemoveColumn, onEnd, footer = null }: EventListProps): ReactElement {
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({ count: events.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_PX, overscan: OVERSCAN_ROWS })
  const items = virtual.getVirtualItems()
  const lastShown = items.at(-1)?.index ?? -1
  const selectedIndex = selectedId === undefined ? -1 : events.findIndex(({ id }) => id === selectedId)

  useEffect(() => {
    if (events.length > 0 && lastShown >= events.length - ROWS_BEFORE_END) onEnd?.()
  }, [lastShown, events.length, onEnd])
  useEffect(() => {
    if (selectedIndex >= 0) virtual.scrollToIndex(selectedIndex, { align: 'auto' })
  }, [selectedId]) // not when more events come

  const onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const step = STEPS.get(event.key)
    if (step !== undefined && events.length > 0) {
      event.preventDefault()
      onSelect(events[Math.max(0, Math.min(events.length - 1, selectedIndex === -1 ? (step < 0 ? events.length - 1 : 0) : selectedIndex + step))])
    } else if (event.key === 'Escape') onSelect(undefined)
  }

  return (
    <div className="event-list">
      <div className="event-head" aria-hidden={columns.length === 0}>
        <span className="cell-time">time</span><span className="cell-status">status</span><span className="cell-service">service</span>
        {columns.map((facet) => (
          <span key={facet} className="cell-column">{facet}<button type="button" className="icon" aria-label={`Remove the column ${facet}`} onClick={() => { onRemoveColumn(facet) }}><Icon name="close" /></button></span>
        ))}
        <span className="cell-message">message</span>
      </div>
      <div className="event-scroller" ref={scroller} role="listbox" aria-label="Events" tabIndex={0} onKeyDown={onKey} aria-activedescendant={selectedIndex >= 0 && items.some(({ index }) => index === selectedIndex) ? rowId(selectedIndex) : undefined}>
        <div role="presentation" className="event-canvas" style={{ height: virtual.getTotalSize() }}>
          {items.map(({ index, start }) => {
            const event = events[index]
            return event === undefined ? null : (
              <EventRow key={event.id} id={rowId(index)} event={event} columns={columns} top={start} position={index + 1} setSize={events.length} isSelected={index === selectedIndex} onSelect={onSelect} />
            )
          })}
        </div>
        {footer}
      </div>
    </div>
  )
}

function rowId(index: number): string {
  return `event-${index}`
}

/** As in style/results.css. */
const ROW_PX = 22
const OVERSCAN_ROWS = 12
/** The next page is on its way before the reader is at the end. */
const ROWS_BEFORE_END = 60
const STEPS: ReadonlyMap<string, number> = new Map([['ArrowDown', 1], ['ArrowUp', -1], ['j', 1], ['k', -1], ['PageDown', 20], ['PageUp', -20], ['Home', -Infinity], ['End', Infinity]])
