import type { ReactElement } from 'react'
import type { Pattern } from '../api/types.ts'
import { levelOf } from '../state/status-level.ts'

interface PatternListProps {
  readonly patterns: readonly Pattern[] | undefined
  readonly isLoading: boolean
  readonly onSearch: (pattern: string) => void
}

/** Lines that differ only in their variables, as one. */
export function PatternList({ patterns, isLoading, onSearch }: PatternListProps): ReactElement {
  if (patterns === undefined) return <div className="empty" aria-busy={isLoading} />
  if (patterns.length === 0) return <div className="empty"><p>No events match in this time range.</p></div>
  const most = Math.max(...patterns.map(({ events }) => events))
  return (
    <ol className="pattern-list" aria-label="Patterns" aria-busy={isLoading} tabIndex={0}>
      {patterns.map(({ pattern, events, example }) => (
        <li key={pattern}>
          <button type="button" className={`pattern level-${levelOf(example.attributes.status)}`} onClick={() => { onSearch(pattern) }} title={`Search for this pattern; for example: ${(example.attributes.message ?? '').slice(0, 500)}`}>
            <span className="pattern-count">{events.toLocaleString('en')}</span>
            <meter className="share" min={0} max={most} value={events} aria-hidden="true" />
            <span className="cell-service">{example.attributes.service ?? ''}</span>
            <span className="cell-message">{pattern.split('*').flatMap((part, index) => (index === 0 ? [part] : [<b key={index}>*</b>, part]))}</span>
          </button>
        </li>
      ))}
    </ol>
  )
}
