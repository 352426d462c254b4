import { useEffect, useState } from 'react'
import { api } from '../api/client.ts'
import type { Completeness, Question } from '../api/types.ts'
import { LEVELS, levelOf, type StatusLevel } from '../state/status-level.ts'

export interface Histogram {
  readonly intervalMs: number
  /** Start of each interval, ms since 1970, without gaps. */
  readonly times: readonly number[]
  readonly counts: Readonly<Record<StatusLevel, readonly number[]>>
  readonly matched: number
  /** Of the range that was looked through, 0 to 1. */
  readonly fraction: number
  /** Of the whole; undefined until it is there. */
  readonly end: Completeness | undefined
  readonly error: unknown
}

/** Counts by time and status, as they come. Undefined without a question. */
export function useHistogram(question: Question | undefined): Histogram | undefined {
  const [histogram, setHistogram] = useState<Histogram | undefined>(undefined)
  useEffect(() => {
    if (question === undefined) {
      setHistogram(undefined)
      return undefined
    }
    const gone = new AbortController()
    void collect(question, gone.signal, (next) => { if (!gone.signal.aborted) setHistogram(next) })
    return () => { gone.abort() }
  }, [question])
  return histogram
}

async function collect(question: Question, signal: AbortSignal, show: (histogram: Histogram) => void): Promise<void> {
  const points = new Map<string, number>()
  let latest: Histogram = { intervalMs: 1, times: [], counts: noCounts(), matched: 0, fraction: 0, end: undefined, error: undefined }
  try {
    for await (const line of api.histogram(question, signal)) {
      if (line.type === 'end') latest = { ...latest, matched: line.matched, fraction: 1, end: line }
      else {
        for (const { time, status, count } of line.histogram) {
          const key = `${Date.parse(time)} ${levelOf(status)}`
          points.set(key, (points.get(key) ?? 0) + count)
        }
        latest = { ...latest, ...columnsOf(points, question, line.interval_ms), matched: line.matched, fraction: line.fraction }
      }
      show(latest)
    }
    if (latest.end === undefined) throw new Error('the answer was cut off; ask again')
  } catch (error) {
    if (!signal.aborted) show({ ...latest, error })
  }
}

function columnsOf(points: ReadonlyMap<string, number>, { fromMs, toMs }: Question, intervalMs: number): Pick<Histogram, 'intervalMs' | 'times' | 'counts'> {
  const firstMs = Math.floor(fromMs / intervalMs) * intervalMs
  const length = Math.min(MAX_POINTS, Math.ceil((toMs - firstMs) / intervalMs))
  const times = Array.from({ length }, (_, index) => firstMs + index * intervalMs)
  const counts = Object.fromEntries(LEVELS.map((level) => [level, times.map((time) => points.get(`${time} ${level}`) ?? 0)])) as Record<StatusLevel, number[]>
  return { intervalMs, times, counts }
}

function noCounts(): Record<StatusLevel, number[]> {
  return Object.fromEntries(LEVELS.map((level) => [level, []])) as unknown as Record<StatusLevel, number[]>
}

/** The server makes 150. */
const MAX_POINTS = 1000
