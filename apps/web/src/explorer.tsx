import { useCallback, useEffect, useMemo, useRef, useState, type ReactElement } from 'react'
import { api, ApiError } from './api/client.ts'
import type { LogEvent, Pattern, Question, Session } from './api/types.ts'
import { EventDetails } from './details/event-details.tsx'
import { FacetPanel } from './facets/facet-panel.tsx'
import { ErrorBoundary } from './frame/error-boundary.tsx'
import { ErrorNotice } from './frame/error-notice.tsx'
import { Header } from './frame/header.tsx'
import { useEvents } from './hooks/use-events.ts'
import { useHistogram } from './hooks/use-histogram.ts'
import { useLoaded } from './hooks/use-loaded.ts'
import { usePageState } from './hooks/use-page-state.ts'
import { useTail } from './hooks/use-tail.ts'
import type { useTheme } from './hooks/use-theme.ts'
import { QueryBar } from './query-bar/query-bar.tsx'
import { focusQuery } from './query-bar/query-editor.tsx'
import { EventResults } from './results/event-results.tsx'
import { Histogram } from './results/histogram.tsx'
import { PatternList } from './results/pattern-list.tsx'
import { ResultsBar } from './results/results-bar.tsx'
import { TailResults } from './results/tail-results.tsx'
import { MAX_COLUMNS, type PageState } from './state/page-state.ts'
import { queryOfPattern, withoutTerm, withTerm } from './state/query-terms.ts'
import { resolveRange } from './state/time-range.ts'

interface ExplorerProps {
  readonly session: Session
  readonly theme: ReturnType<typeof useTheme>
  readonly onSignOut: () => Promise<void>
  readonly onExpired: () => void
}

/** Search, look and follow: everything but signing in. Its state is the address; its parts only show and ask. */
export function Explorer({ session, theme, onSignOut, onExpired }: ExplorerProps): ReactElement {
  const [state, change] = usePageState()
  const { query, range, tab, isLive, event, columns } = state
  const [round, setRound] = useState(0)
  // Moving ranges are fixed once per search, so that every part of the page asks about the same instants.
  const question = useMemo<Question | undefined>(() => {
    const resolved = resolveRange(range, Date.now())
    return resolved === undefined ? undefined : { query, ...resolved }
  }, [query, range.from, range.to, round])

  const asked = isLive ? undefined : question
  const events = useEvents(tab === 'events' ? asked : undefined)
  const histogram = useHistogram(asked)
  const tail = useTail(isLive ? query : undefined)
  const facets = useLoaded(question === undefined ? undefined : async (signal) => await api.facets({ ...question, query: '' }, signal), [question])
  const patterns = useLoaded<readonly Pattern[] | 'none'>(tab === 'patterns' && asked !== undefined ? async (signal) => (await api.patterns(asked, signal)) ?? 'none' : undefined, [tab, asked])
  const hasPatterns = patterns.value !== 'none'

  useEffect(() => { if (!hasPatterns && tab === 'patterns') change({ tab: 'events' }, 'replace') }, [hasPatterns, tab, change])
  const hasEnded = [events.error, histogram?.error, tail.error, facets.error, patterns.error].some((error) => error instanceof ApiError && error.status === 401)
  useEffect(() => { if (hasEnded) onExpired() }, [hasEnded, onExpired])
  useSlashKey()

  const search = useCallback((changed: Partial<PageState>) => {
    change({ event: undefined, ...changed })
    setRound((before) => before + 1)
  }, [change])
  const addTerm = useCallback((term: string) => { search({ query: withTerm(query, term) }) }, [query, search])
  const removeTerm = useCallback((term: string) => { search({ query: withoutTerm(query, term) }) }, [query, search])
  const select = useCallback((selected: LogEvent | undefined) => {
    change({ event: selected === undefined ? undefined : { id: selected.id, timestamp: selected.attributes.timestamp } }, 'replace')
  }, [change])
  const removeColumn = useCallback((facet: string) => { change({ columns: columns.filter((name) => name !== facet) }, 'replace') }, [columns, change])
  const toggleColumn = useCallback((facet: string) => {
    change({ columns: columns.includes(facet) ? columns.filter((name) => name !== facet) : [...columns, facet].slice(-MAX_COLUMNS) }, 'replace')
  }, [columns, change])
  const brush = useCallback((fromMs: number, toMs: number) => { search({ range: { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() } }) }, [search])
  const retry = (): void => { setRound(round + 1) }

  const listed = isLive ? tail.events : events.events
  return (
    <div className="explorer">
      <Header session={session} theme={theme} onSignOut={onSignOut}>
        <QueryBar state={state} question={question} facets={facets.value} onSearch={search} onLive={(live) => { search({ isLive: live, tab: 'events' }) }} />
      </Header>
      <ErrorBoundary><FacetPanel question={question} facets={facets.value} query={query} onAdd={addTerm} onRemove={removeTerm} /></ErrorBoundary>
      <main className="results">
        {question === undefined ? <ErrorNotice error={new Error('This time range is not understood: choose another.')} /> : null}
        {isLive || question === undefined ? null : <Histogram data={histogram} fromMs={question.fromMs} toMs={question.toMs} isDark={theme.isDark} onBrush={brush} />}
        <ResultsBar state={state} question={question} histogram={histogram} events={events} tail={tail} hasPatterns={hasPatterns} onTab={(next) => { change({ tab: next }) }} />
        <ErrorNotice error={events.error ?? histogram?.error ?? tail.error ?? patterns.error} onRetry={retry} />
        <ErrorBoundary><div className="results-body">
          {isLive ? <TailResults tail={tail} columns={columns} selectedId={event?.id} onSelect={select} onRemoveColumn={removeColumn} />
            : tab === 'patterns' ? <PatternList patterns={patterns.value === 'none' ? undefined : patterns.value} isLoading={patterns.isLoading} onSearch={(pattern) => { search({ query: withTerm(query, queryOfPattern(pattern)), tab: 'events' }) }} />
              : <EventResults events={events} columns={columns} selectedId={event?.id} onSelect={select} onRemoveColumn={removeColumn} />}
          {event === undefined ? null : <EventDetails key={event.id} name={event} known={listed.find(({ id }) => id === event.id)} columns={columns} onAdd={addTerm} onColumn={toggleColumn} onSelect={select} />}
        </div></ErrorBoundary>
      </main>
    </div>
  )
}

/** `/` goes to the query from wherever nothing is typed. */
function useSlashKey(): void {
  const ref = useRef<(event: KeyboardEvent) => void>((event) => {
    const target = event.composedPath()[0]
    const isTyping = target instanceof HTMLElement && (target.isContentEditable || target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement)
    if (event.key !== '/' || isTyping || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    focusQuery()
  })
  useEffect(() => {
    const onKey = ref.current
    addEventListener('keydown', onKey)
    return () => { removeEventListener('keydown', onKey) }
  }, [])
}
