import type { ReactElement, ReactNode } from 'react'
import type { Session } from '../api/types.ts'
import type { Theme, useTheme } from '../hooks/use-theme.ts'
import { Logo } from './logo.tsx'
import { Popover } from './popover.tsx'

interface HeaderProps {
  readonly session: Session
  readonly theme: ReturnType<typeof useTheme>
  readonly onSignOut: () => Promise<void>
  readonly children: ReactNode
}

/** The line on top: whose page it is, and what the page puts into it. */
export function Header({ session, theme: { theme, setTheme }, onSignOut, children }: HeaderProps): ReactElement {
  return (
    <header className="header">
      <h1 className="brand"><Logo /><span>Millrace</span></h1>
      {children}
      <Popover name="Account" label={<span className="tenant">{session.name}</span>} className="account">
        {() => (
          <div className="account-panel">
            <fieldset className="segments">
              <legend>Theme</legend>
              {THEMES.map((each) => <button key={each} type="button" aria-pressed={theme === each} onClick={() => { setTheme(each) }}>{each}</button>)}
            </fieldset>
            <ul className="keys" aria-label="Keys">
              <li><kbd>/</kbd> query</li><li><kbd>j</kbd><kbd>k</kbd> next, previous event</li><li><kbd>Esc</kbd> close</li>
            </ul>
            <a href="/docs" target="_blank" rel="noreferrer">The API</a>
            <button type="button" onClick={() => void onSignOut()}>Sign out</button>
          </div>
        )}
      </Popover>
    </header>
  )
}

const THEMES: readonly Theme[] = ['system', 'light', 'dark']
