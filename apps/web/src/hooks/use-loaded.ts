import { useEffect, useState, type DependencyList } from 'react'

/** What an answer is at the moment. The value of before stays until the next is there, so that nothing flickers. */
export interface Loaded<T> {
  readonly value: T | undefined
  readonly error: unknown
  readonly isLoading: boolean
}

/** Asks when `dependencies` change; an answer that is no longer wanted is given up. `ask` undefined asks nothing. */
export function useLoaded<T>(ask: ((signal: AbortSignal) => Promise<T>) | undefined, dependencies: DependencyList): Loaded<T> {
  const [loaded, setLoaded] = useState<Loaded<T>>({ value: undefined, error: undefined, isLoading: ask !== undefined })
  useEffect(() => {
    if (ask === undefined) return undefined
    const gone = new AbortController()
    setLoaded(({ value }) => ({ value, error: undefined, isLoading: true }))
    ask(gone.signal).then(
      (value) => { if (!gone.signal.aborted) setLoaded({ value, error: undefined, isLoading: false }) },
      (error: unknown) => { if (!gone.signal.aborted) setLoaded({ value: undefined, error, isLoading: false }) },
    )
    return () => { gone.abort() }
  }, dependencies)
  return loaded
}
