import type { ReactElement } from 'react'
import { api } from '../api/client.ts'
import type { LogEvent } from '../api/types.ts'
import { ErrorNotice } from '../frame/error-notice.tsx'
import { useLoaded } from '../hooks/use-loaded.ts'
import type { EventName } from '../state/page-state.ts'
import { levelOf } from '../state/status-level.ts'
import { lineTime } from '../state/time-range.ts'
import { Completeness } from '../results/completeness.tsx'

/** What the same service on the same host said before and after, whatever the query. */
export function SurroundingEvents({ name: { id, timestamp }, onSelect }: { readonly name: EventName; readonly onSelect: (event: LogEvent) => void }): ReactElement {
  const { value: found, error, isLoading } = useLoaded(async (signal) => (await api.surrounding(id, timestamp, TO_EACH_SIDE, signal)) ?? 'gone', [id])
  if (error !== undefined) return <ErrorNotice error={error} />
  if (found === undefined || found === 'gone') return <p className="quiet" aria-busy={isLoading}>{isLoading ? 'looking…' : 'This event is not there any more.'}</p>
  // The newest on top, as in the list.
  const events = [...found.before, found.event, ...found.after].reverse()
  return (
    <>
      <ol className="surrounding" aria-label="Surrounding events">
        {events.map((event) => (
          <li key={event.id}>
            <button type="button" aria-current={event.id === id} className={`surrounding-line level-${levelOf(event.attributes.status)}`} onClick={() => { onSelect(event) }}>
              <time className="cell-time" dateTime={event.attributes.timestamp}>{lineTime(event.attributes.timestamp).slice(6)}</time>
              <span className="cell-message">{(event.attributes.message ?? '').slice(0, MAX_LINE_CHARACTERS)}</span>
            </button>
          </li>
        ))}
      </ol>
      <p className="quiet">Of the same service and host. <Completeness answers={[found.meta]} /></p>
    </>
  )
}

const TO_EACH_SIDE = 20
const MAX_LINE_CHARACTERS = 500
