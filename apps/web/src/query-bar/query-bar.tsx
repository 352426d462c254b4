import { useEffect, useMemo, useState, type ReactElement } from 'react'
import { api } from '../api/client.ts'
import type { Facet, Question } from '../api/types.ts'
import { Popover } from '../frame/popover.tsx'
import type { PageState } from '../state/page-state.ts'
import type { CompletionFacts } from './query-completion.ts'
import { QueryEditor } from './query-editor.tsx'
import { SavedViews } from './saved-views.tsx'
import { TimeRangePicker } from './time-range-picker.tsx'

interface QueryBarProps {
  readonly state: PageState
  readonly question: Question | undefined
  readonly facets: readonly Facet[] | undefined
  readonly onSearch: (changed: Partial<PageState>) => void
  readonly onLive: (isLive: boolean) => void
}

/** What is asked: query, range, and what is done with the answer. */
export function QueryBar({ state, question, facets, onSearch, onLive }: QueryBarProps): ReactElement {
  const [typed, setTyped] = useState(state.query)
  useEffect(() => { setTyped(state.query) }, [state.query])
  const facts = useMemo<CompletionFacts>(() => ({
    facets: () => facets?.map(({ name }) => name) ?? KNOWN_FACETS,
    values: async (facet, prefix, signal) => (question === undefined ? [] : (await api.facetValues(facet, { ...question, query: '' }, { limit: MAX_VALUES, prefix }, signal)).values),
  }), [facets, question])
  const run = (query: string): void => { onSearch({ query: query.trim() }) }
  return (
    <div className="query-bar" role="search" aria-label="Events">
      <div className="query-field">
        <QueryEditor query={state.query} onRun={run} onEdit={setTyped} facts={facts} />
        <kbd aria-hidden="true">/</kbd>
      </div>
      <TimeRangePicker range={state.range} onChange={(range) => { onSearch({ range, isLive: false }) }} />
      <button type="button" className={`primary${typed.trim() === state.query ? '' : ' changed'}`} onClick={() => { run(typed) }}>Search</button>
      <button type="button" className="live-button" aria-pressed={state.isLive} onClick={() => { onLive(!state.isLive) }}><span className="live-dot" aria-hidden="true" />Live</button>
      <SavedViews state={state} onOpen={onSearch} />
      <Popover name="Export" label="Export">
        {(close) => (question === undefined ? null : (
          <ul className="menu">
            {(['ndjson', 'csv'] as const).map((format) => (
              <li key={format}><a href={api.exportUrl({ ...question, query: state.query }, format, state.columns)} download onClick={close}>All matching events as {format.toUpperCase()}</a></li>
            ))}
          </ul>
        ))}
      </Popover>
    </div>
  )
}

/** Where the server does not say which there are. */
const KNOWN_FACETS = ['service', 'status', 'host', 'source', 'message', 'tags', 'trace_id', 'span_id']
/** A list that is read and not scrolled for long. */
const MAX_VALUES = 30
