import { useState, type ReactElement } from 'react'
import type { Facet, Question } from '../api/types.ts'
import { FacetGroup } from './facet-group.tsx'

interface FacetPanelProps {
  readonly question: Question | undefined
  /** Undefined where the server does not say which there are. */
  readonly facets: readonly Facet[] | undefined
  readonly query: string
  readonly onAdd: (term: string) => void
  readonly onRemove: (term: string) => void
}

/** What events can be told apart by, and how many there are of each. */
export function FacetPanel({ question, facets, query, onAdd, onRemove }: FacetPanelProps): ReactElement {
  const [filter, setFilter] = useState('')
  const names = (facets?.map(({ name }) => name) ?? RESERVED).filter((name) => name !== '' && name !== '@' && !UNCOUNTED.has(name))
  const wanted = filter.trim().toLowerCase()
  const shown = names.filter((name) => name.toLowerCase().includes(wanted)).slice(0, MAX_FACETS)
  return (
    <nav className="facets" aria-label="Facets">
      <input className="facet-filter" type="search" aria-label="Find a facet" placeholder="Find a facet" value={filter} onChange={(event) => { setFilter(event.target.value) }} />
      {question === undefined ? null : shown.map((name) => <FacetGroup key={name} name={name} question={question} query={query} isOpenAtFirst={OPEN_AT_FIRST.has(name)} onAdd={onAdd} onRemove={onRemove} />)}
      {shown.length === 0 ? <p className="quiet">None of this name.</p> : null}
    </nav>
  )
}

const RESERVED = ['status', 'service', 'host', 'source']
const OPEN_AT_FIRST: ReadonlySet<string> = new Set(['status', 'service', 'host'])
/** Almost every value is another. */
const UNCOUNTED: ReadonlySet<string> = new Set(['message', 'trace_id', 'span_id'])
/** More are found by their name. */
const MAX_FACETS = 200
