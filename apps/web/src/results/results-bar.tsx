import type { ReactElement } from 'react'
import type { Question } from '../api/types.ts'
import type { Events } from '../hooks/use-events.ts'
import type { Histogram } from '../hooks/use-histogram.ts'
import type { Tail } from '../hooks/use-tail.ts'
import type { PageState } from '../state/page-state.ts'
import { Completeness } from './completeness.tsx'

interface ResultsBarProps {
  readonly state: PageState
  readonly question: Question | undefined
  readonly histogram: Histogram | undefined
  readonly events: Events
  readonly tail: Tail
  readonly hasPatterns: boolean
  readonly onTab: (tab: PageState['tab']) => void
}

/** How much was found, how whole it is, and how it is shown. */
export function ResultsBar({ state: { tab, isLive }, histogram, events, tail, hasPatterns, onTab }: ResultsBarProps): ReactElement {
  if (isLive) {
    const dropped = tail.droppedEvents.toLocaleString('en')
    return (
      <div className="results-bar">
        <span className={`tail-state${tail.isListening ? ' listening' : ''}`} role="status"><span className="live-dot" aria-hidden="true" />{tail.isListening ? 'listening' : 'connecting'}</span>
        <span className="count-line">{tail.received.toLocaleString('en')} events</span>
        <span className={tail.droppedEvents + tail.droppedBatches > 0 ? 'completeness incomplete' : 'completeness'} data-testid="dropped">
          {dropped} dropped{tail.droppedBatches > 0 ? `, and ${tail.droppedBatches.toLocaleString('en')} batches unseen` : ''}{tail.hasGap ? '; there was a gap' : ''}
        </span>
      </div>
    )
  }
  const matched = histogram === undefined || (histogram.fraction < 1 && histogram.matched === 0) ? undefined : histogram.matched
  return (
    <div className="results-bar">
      <div className="tabs" role="tablist" aria-label="Shown as">
        {(hasPatterns ? TABS : TABS.slice(0, 1)).map(([name, label]) => <button key={name} type="button" role="tab" aria-selected={tab === name} onClick={() => { onTab(name) }}>{label}</button>)}
      </div>
      <span className="count-line" role="status">
        {matched === undefined ? 'searching…' : <><strong>{matched.toLocaleString('en')}</strong> {matched === 1 ? 'event' : 'events'}{histogram !== undefined && histogram.fraction < 1 ? ' so far' : ''}</>}
        {events.meta === undefined ? null : <span className="quiet"> · {events.meta.elapsed} ms</span>}
      </span>
      <Completeness answers={[events.meta, histogram?.end]} />
    </div>
  )
}

const TABS = [['events', 'Events'], ['patterns', 'Patterns']] as const
