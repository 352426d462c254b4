import { useEffect, useRef, useState, type ReactElement } from 'react'
import { api } from '../api/client.ts'
import type { LogEvent } from '../api/types.ts'
import { ErrorNotice } from '../frame/error-notice.tsx'
import { Icon } from '../frame/icon.tsx'
import { useLoaded } from '../hooks/use-loaded.ts'
import { fieldsOf } from '../state/event-fields.ts'
import type { EventName } from '../state/page-state.ts'
import { levelOf } from '../state/status-level.ts'
import { CopyButton } from './copy-button.tsx'
import { FieldTable } from './field-table.tsx'
import { SurroundingEvents } from './surrounding-events.tsx'

interface EventDetailsProps {
  readonly name: EventName
  /** Where the list has it; else it is asked for. */
  readonly known: LogEvent | undefined
  readonly columns: readonly string[]
  readonly onAdd: (term: string) => void
  readonly onColumn: (facet: string) => void
  readonly onSelect: (event: LogEvent | undefined) => void
}

/** Everything that one event says, and what happened around it. */
export function EventDetails({ name: { id, timestamp }, known, columns, onAdd, onColumn, onSelect }: EventDetailsProps): ReactElement {
  const [shown, setShown] = useState<'fields' | 'surrounding' | 'json'>('fields')
  // What was known stays: a live tail's list forgets it.
  const first = useRef(known)
  const { value: loaded, error } = useLoaded(first.current === undefined ? async (signal) => (await api.surrounding(id, timestamp, 1, signal))?.event ?? 'gone' : undefined, [id])
  const event = first.current ?? (loaded === 'gone' ? undefined : loaded)
  useCloseKey(() => { onSelect(undefined) })
  return (
    <aside className="details" aria-label="Details of the event">
      <div className={`details-head mark level-${levelOf(event?.attributes.status)}`}>
        <time dateTime={timestamp} title="in UTC, as it was sent">{timestamp}</time>
        <span className="cell-status">{event?.attributes.status ?? ''}</span>
        <button type="button" className="icon close" aria-label="Close the details" onClick={() => { onSelect(undefined) }}><Icon name="close" /></button>
      </div>
      <ErrorNotice error={error} />
      {loaded === 'gone' ? <p className="quiet details-gone">This event is not there any more.</p> : null}
      {event === undefined ? null : (
        <>
          <div className="details-message">
            <pre tabIndex={0} aria-label="Message">{event.attributes.message ?? ''}</pre>
            <CopyButton text={event.attributes.message ?? ''} what="the message" />
          </div>
          <div className="tabs" role="tablist" aria-label="Of this event">
            {TABS.map(([tab, label]) => <button key={tab} type="button" role="tab" aria-selected={shown === tab} onClick={() => { setShown(tab) }}>{label}</button>)}
          </div>
          <div className="details-body" role="tabpanel" aria-label={shown} tabIndex={0}>
            {shown === 'fields' ? <FieldTable fields={fieldsOf(event)} columns={columns} onAdd={onAdd} onColumn={onColumn} />
              : shown === 'surrounding' ? <SurroundingEvents name={{ id, timestamp }} onSelect={onSelect} />
                : <div className="details-json"><CopyButton text={jsonOf(event)} what="the event as JSON" /><pre>{jsonOf(event)}</pre></div>}
          </div>
        </>
      )}
    </aside>
  )
}

const TABS = [['fields', 'Attributes'], ['surrounding', 'Surrounding'], ['json', 'JSON']] as const

function jsonOf(event: LogEvent): string {
  return JSON.stringify({ id: event.id, ...event.attributes }, null, 2)
}

function useCloseKey(close: () => void): void {
  const latest = useRef(close)
  latest.current = close
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === 'Escape' && !event.defaultPrevented && event.composedPath()[0] instanceof HTMLElement && !(event.composedPath()[0] as HTMLElement).isContentEditable) latest.current()
    }
    addEventListener('keydown', onKey)
    return () => { removeEventListener('keydown', onKey) }
  }, [])
}
