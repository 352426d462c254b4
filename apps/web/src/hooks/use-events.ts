import { useCallback, useEffect, useRef, useState } from 'react'
import { api } from '../api/client.ts'
import type { AnswerMeta, LogEvent, Question } from '../api/types.ts'

export interface Events {
  readonly events: readonly LogEvent[]
  /** Of the pages so far: complete only where all are; undefined before the first. */
  readonly meta: AnswerMeta | undefined
  readonly error: unknown
  readonly isLoading: boolean
  readonly hasMore: boolean
  /** Asks for the next page, unless it is on its way or there is none. */
  readonly loadMore: () => void
}

/** A hundred pages; whoever scrolls further exports. Rows are cheap, what they hold is not. */
export const MAX_LISTED_EVENTS = 20_000

/** The events of a question, newest first, page by page. */
export function useEvents(question: Question | undefined): Events {
  const [state, setState] = useState<Listed>(NOTHING)
  const running = useRef<{ readonly question: Question; readonly gone: AbortController; isBusy: boolean; cursor: string | undefined } | undefined>(undefined)

  const load = useCallback(() => {
    const run = running.current
    if (run === undefined || run.isBusy) return
    run.isBusy = true
    setState((before) => ({ ...before, error: undefined, isLoading: true }))
    api.events(run.question, run.cursor, run.gone.signal).then(
      ({ events, cursor, meta }) => {
        if (run.gone.signal.aborted) return
        const isFirst = run.cursor === undefined
        run.cursor = cursor
        run.isBusy = false
        setState((before) => {
          const all = isFirst ? events : [...before.events, ...events]
          return { events: all, meta: isFirst || before.meta === undefined ? meta : joined(before.meta, meta), error: undefined, isLoading: false, hasMore: cursor !== undefined && all.length < MAX_LISTED_EVENTS }
        })
      },
      (error: unknown) => {
        if (run.gone.signal.aborted) return
        run.isBusy = false
        setState((before) => (run.cursor === undefined ? { ...NOTHING, error } : { ...before, error, isLoading: false }))
      },
    )
  }, [])

  useEffect(() => {
    if (question === undefined) {
      setState(NOTHING)
      return undefined
    }
    const gone = new AbortController()
    running.current = { question, gone, isBusy: false, cursor: undefined }
    load()
    return () => {
      gone.abort()
      running.current = undefined
    }
  }, [question, load])

  return { ...state, loadMore: load }
}

type Listed = Omit<Events, 'loadMore'>
const NOTHING: Listed = { events: [], meta: undefined, error: undefined, isLoading: false, hasMore: false }

/** The first page looked first: what it includes, all do. */
function joined(first: AnswerMeta, next: AnswerMeta): AnswerMeta {
  return { ...first, complete: first.complete && next.complete, warnings: [...(first.warnings ?? []), ...(next.warnings ?? [])].slice(0, 20) }
}
