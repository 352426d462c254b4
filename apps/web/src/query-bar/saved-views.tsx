import { useState, type FormEvent, type ReactElement } from 'react'
import { api } from '../api/client.ts'
import type { SavedView } from '../api/types.ts'
import { ErrorNotice } from '../frame/error-notice.tsx'
import { Icon } from '../frame/icon.tsx'
import { Popover } from '../frame/popover.tsx'
import { useLoaded } from '../hooks/use-loaded.ts'
import type { PageState } from '../state/page-state.ts'
import { rangeOfText, rangeText } from '../state/time-range.ts'

interface SavedViewsProps {
  readonly state: PageState
  readonly onOpen: (changed: Partial<PageState>) => void
}

/** Queries under a name, for everybody of the tenant. Not there where the server keeps none. */
export function SavedViews({ state, onOpen }: SavedViewsProps): ReactElement | null {
  const [round, setRound] = useState(0)
  const { value: views, error } = useLoaded(async (signal) => (await api.views(signal)) ?? 'none', [round])
  if (views === 'none') return null
  return (
    <Popover name="Saved views" label="Views" className="views">
      {(close) => (
        <div className="views-panel">
          <ErrorNotice error={error} />
          {views === undefined || views.length === 0 ? <p className="quiet">No saved views yet.</p> : (
            <ul className="menu">
              {views.map((view) => (
                <ViewItem key={view.id} view={view} state={state} onChanged={() => { setRound(round + 1) }} onOpen={() => {
                  onOpen({ query: view.query, columns: view.columns, range: rangeOfText(view.range), isLive: false })
                  close()
                }} />
              ))}
            </ul>
          )}
          <SaveForm state={state} onSaved={() => { setRound(round + 1) }} />
        </div>
      )}
    </Popover>
  )
}

function ViewItem({ view, state, onOpen, onChanged }: { readonly view: SavedView; readonly state: PageState; readonly onOpen: () => void; readonly onChanged: () => void }): ReactElement {
  const [problem, setProblem] = useState<unknown>()
  const attempt = (change: () => Promise<unknown>): void => {
    change().then(onChanged, setProblem)
  }
  return (
    <li className="view-item">
      <button type="button" onClick={onOpen} title={view.query}>{view.name}<code>{view.query === '' ? '*' : view.query}</code></button>
      <button type="button" className="icon" aria-label={`Put the current search into ${view.name}`} title="Put the current search here" onClick={() => { attempt(async () => await api.changeView({ ...view, ...savedOf(state) })) }}><Icon name="replace" /></button>
      <button type="button" className="icon" aria-label={`Delete ${view.name}`} title="Delete" onClick={() => { attempt(async () => { await api.removeView(view) }) }}><Icon name="close" /></button>
      <ErrorNotice error={problem} />
    </li>
  )
}

function SaveForm({ state, onSaved }: { readonly state: PageState; readonly onSaved: () => void }): ReactElement {
  const [name, setName] = useState('')
  const [problem, setProblem] = useState<unknown>()
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    setProblem(undefined)
    api.addView({ name: name.trim(), ...savedOf(state) }).then(() => {
      setName('')
      onSaved()
    }, setProblem)
  }
  return (
    <form className="save-form" onSubmit={submit}>
      <input aria-label="Name of the view" placeholder="Name of this search" value={name} maxLength={100} onChange={(event) => { setName(event.target.value) }} />
      <button type="submit" className="primary" disabled={name.trim() === ''}>Save</button>
      <ErrorNotice error={problem} />
    </form>
  )
}

function savedOf({ query, columns, range }: PageState): Pick<SavedView, 'query' | 'columns' | 'range'> {
  return { query, columns, range: rangeText(range) }
}
