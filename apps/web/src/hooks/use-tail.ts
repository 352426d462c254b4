import { useEffect, useState } from 'react'
import { api, ApiError } from '../api/client.ts'
import type { LogEvent } from '../api/types.ts'

export interface Tail {
  /** Newest first. */
  readonly events: readonly LogEvent[]
  readonly received: number
  /** Events that matched and were left out because they came too fast. */
  readonly droppedEvents: number
  /** Batches that were left out before anybody looked into them. */
  readonly droppedBatches: number
  readonly hasGap: boolean
  readonly isListening: boolean
  readonly error: unknown
}

/** A screen shows fifty lines; older ones go. */
export const MAX_TAIL_EVENTS = 2000
/** As often as an eye can follow: a render for each event would keep a busy stream from being read. */
const SHOW_EVERY_MS = 200
/** The server ends a stream after some time, and while it restarts. */
const RECONNECT_MS = 1000

/** What arrives while `query` is given; undefined listens to nothing. */
export function useTail(query: string | undefined): Tail {
  const [tail, setTail] = useState<Tail>(SILENT)
  useEffect(() => {
    setTail(SILENT)
    if (query === undefined) return undefined
    const gone = new AbortController()
    let latest = SILENT
    let fresh: LogEvent[] = []
    const known = new Set<string>()
    const show = (): void => {
      if (gone.signal.aborted) return
      const events = fresh.length === 0 ? latest.events : [...fresh.reverse(), ...latest.events].slice(0, MAX_TAIL_EVENTS)
      fresh = []
      latest = { ...latest, events }
      setTail(latest)
    }
    const timer = setInterval(show, SHOW_EVERY_MS)
    const listen = async (): Promise<void> => {
      while (!gone.signal.aborted) {
        try {
          latest = { ...latest, isListening: true, error: undefined }
          for await (const item of api.tail(query, gone.signal)) {
            if (item.kind === 'log') {
              if (known.has(item.event.id)) continue // once more after a router's restart
              if (known.size >= MAX_TAIL_EVENTS) known.clear()
              known.add(item.event.id)
              fresh.push(item.event)
              if (fresh.length > MAX_TAIL_EVENTS) fresh.shift()
              latest = { ...latest, received: latest.received + 1 }
            } else if (item.kind === 'dropped') latest = { ...latest, droppedEvents: latest.droppedEvents + item.events, droppedBatches: latest.droppedBatches + item.fragments }
            else latest = { ...latest, hasGap: true }
          }
          latest = { ...latest, isListening: false, hasGap: true } // what comes until the next stream is not seen
        } catch (error) {
          latest = { ...latest, isListening: false, hasGap: latest.received > 0 || latest.hasGap, error: gone.signal.aborted ? undefined : error }
          if (error instanceof ApiError && !error.retryable) {
            show()
            return
          }
        }
        await new Promise((resolve) => { setTimeout(resolve, RECONNECT_MS) })
      }
    }
    void listen()
    return () => {
      gone.abort()
      clearInterval(timer)
    }
  }, [query])
  return tail
}

const SILENT: Tail = { events: [], received: 0, droppedEvents: 0, droppedBatches: 0, hasGap: false, isListening: false, error: undefined }
