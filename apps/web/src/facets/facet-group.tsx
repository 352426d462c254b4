import { useState, type ReactElement } from 'react'
import { api } from '../api/client.ts'
import type { Question } from '../api/types.ts'
import { Icon } from '../frame/icon.tsx'
import { useLoaded } from '../hooks/use-loaded.ts'
import { shortCount } from '../state/short-count.ts'
import { hasTerm, termOf } from '../state/query-terms.ts'
import { levelOf } from '../state/status-level.ts'

interface FacetGroupProps {
  readonly name: string
  readonly question: Question
  readonly query: string
  readonly isOpenAtFirst: boolean
  readonly onAdd: (term: string) => void
  readonly onRemove: (term: string) => void
}

/** One facet and its most frequent values among the events that match. */
export function FacetGroup({ name, question, query, isOpenAtFirst, onAdd, onRemove }: FacetGroupProps): ReactElement {
  const [isOpen, setOpen] = useState(isOpenAtFirst)
  const [limit, setLimit] = useState(FEW)
  const { value: found, error, isLoading } = useLoaded(isOpen ? async (signal) => await api.facetValues(name, question, { limit }, signal) : undefined, [isOpen, question, name, limit])
  const most = Math.max(1, ...(found?.values.map(({ count }) => count) ?? []))
  return (
    <section className="facet">
      <h2><button type="button" aria-expanded={isOpen} onClick={() => { setOpen(!isOpen) }}>{name}</button></h2>
      {isOpen ? (
        <ul aria-label={name} aria-busy={isLoading}>
          {found?.values.map(({ value, count }) => {
            const term = termOf(name, value)
            const isAsked = hasTerm(query, term)
            return (
              <li key={`${typeof value} ${value}`} className="facet-value">
                <button type="button" className="facet-pick" aria-pressed={isAsked} title={isAsked ? `Take ${term} away` : `Only ${term}`} onClick={() => { (isAsked ? onRemove : onAdd)(term) }}>
                  <span className={`facet-name${name === 'status' ? ` mark level-${levelOf(String(value))}` : ''}`}>{String(value)}</span>
                  <span className="facet-count">{shortCount(count)}</span>
                  <meter className="share" min={0} max={most} value={count} aria-hidden="true" />
                </button>
                <button type="button" className="icon" aria-label={`Exclude ${term}`} title="Exclude" onClick={() => { onAdd(`-${term}`) }}><Icon name="exclude" /></button>
              </li>
            )
          })}
          {found?.values.length === 0 ? <li className="quiet">none</li> : null}
          {error === undefined ? null : <li className="problem" title={error instanceof Error ? error.message : ''}>not available</li>}
          {found?.hasMore === true && limit < MANY ? <li><button type="button" className="facet-more" onClick={() => { setLimit(MANY) }}>more</button></li> : null}
        </ul>
      ) : null}
    </section>
  )
}

const FEW = 6
const MANY = 50
