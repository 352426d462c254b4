import { useState, type FormEvent, type ReactElement } from 'react'
import { Logo } from './logo.tsx'

interface SignInProps {
  readonly problem: string | undefined
  readonly onSignIn: (key: string) => Promise<void>
}

/** Asks for an API key, which opens a session and is kept nowhere. */
export function SignIn({ problem, onSignIn }: SignInProps): ReactElement {
  const [key, setKey] = useState('')
  const [isBusy, setBusy] = useState(false)
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    setBusy(true)
    void onSignIn(key).finally(() => { setBusy(false) })
  }
  return (
    <main className="sign-in">
      <form className="sign-in-card" onSubmit={submit}>
        <h1><Logo /> Millrace</h1>
        <label htmlFor="key">API key</label>
        <input id="key" type="password" autoComplete="off" spellCheck={false} required autoFocus value={key} onChange={(event) => { setKey(event.target.value) }} />
        {problem === undefined ? null : <p className="sign-in-problem" role="alert">{problem}</p>}
        <button type="submit" className="primary" disabled={isBusy}>Sign in</button>
        <p className="quiet">Or open the one-time link that was printed at the start. <code>npm run millrace -- sign-in</code> prints another.</p>
      </form>
    </main>
  )
}
