import { useCallback, useEffect, useState } from 'react'
import { api, ApiError } from '../api/client.ts'
import type { Session } from '../api/types.ts'

export type SessionState =
  | { readonly kind: 'asking' }
  | { readonly kind: 'signed-out'; readonly problem: string | undefined }
  | { readonly kind: 'signed-in'; readonly session: Session }

export interface SessionControl {
  readonly state: SessionState
  readonly signIn: (key: string) => Promise<void>
  readonly signOut: () => Promise<void>
  /** The server said that the session has ended. */
  readonly expire: () => void
}

/** Whose page it is. A one-time link in the address opens a session first, and leaves the address before anything else happens. */
export function useSession(): SessionControl {
  const [state, setState] = useState<SessionState>({ kind: 'asking' })
  const look = useCallback(async (): Promise<void> => {
    try {
      setState({ kind: 'signed-in', session: await api.session() })
    } catch (error) {
      setState({ kind: 'signed-out', problem: error instanceof ApiError && error.status === 401 ? undefined : sentenceOf(error) })
    }
  }, [])
  useEffect(() => {
    const begin = async (): Promise<void> => {
      const link = takeLink()
      if (link === undefined) {
        await look()
        return
      }
      try {
        await api.openSession({ link })
        await look()
      } catch (error) {
        // Whoever is signed in already only sees the page.
        const session = await api.session().catch(() => undefined)
        setState(session === undefined ? { kind: 'signed-out', problem: sentenceOf(error) } : { kind: 'signed-in', session })
      }
    }
    void begin()
  }, [look])
  return {
    state,
    signIn: async (key) => {
      try {
        await api.openSession({ key })
      } catch (error) {
        setState({ kind: 'signed-out', problem: sentenceOf(error) })
        return
      }
      await look()
    },
    signOut: async () => {
      await api.endSession()
      history.replaceState(null, '', location.pathname)
      setState({ kind: 'signed-out', problem: undefined })
    },
    expire: useCallback(() => { setState({ kind: 'signed-out', problem: 'Your session has ended. Sign in again.' }) }, []),
  }
}

/** Read once, even where effects run twice. */
function takeLink(): string | undefined {
  const link = new URLSearchParams(location.hash.slice(1)).get('link') ?? undefined
  if (link !== undefined) history.replaceState(null, '', location.pathname + location.search)
  return link
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
