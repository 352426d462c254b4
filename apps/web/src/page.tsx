import type { ReactElement } from 'react'
import { Explorer } from './explorer.tsx'
import { ErrorBoundary } from './frame/error-boundary.tsx'
import { SignIn } from './frame/sign-in.tsx'
import { useSession } from './hooks/use-session.ts'
import { useTheme } from './hooks/use-theme.ts'

/** The page: signed in or not. */
export function Page(): ReactElement {
  const { state, signIn, signOut, expire } = useSession()
  const theme = useTheme()
  switch (state.kind) {
    case 'asking':
      return <main className="sign-in" aria-busy="true" />
    case 'signed-out':
      return <SignIn problem={state.problem} onSignIn={signIn} />
    case 'signed-in':
      return <ErrorBoundary><Explorer session={state.session} theme={theme} onSignOut={signOut} onExpired={expire} /></ErrorBoundary>
  }
}
