import type { GeneratedLog } from '../load/generate-log.ts'

/** The right answers to Q1 to Q8, counted while the events are made. */
export class ExactFigures {
  events = 0
  /** Q1: errors by minute since the base. */
  readonly errorsByMinute = new Map<number, number>()
  /** Q2. */
  readonly byService = new Map<string, number>()
  /** Q3. */
  readonly rareMessages: string[] = []
  /** Q4: events of one trace in the middle. */
  needleTraceId = ''
  /** Q5: durations by service and minute. */
  readonly durations = new Map<string, number[]>()
  /** Q6: times of the api-gateway's errors with a time-out, ms. */
  readonly timeoutTimes: number[] = []
  /** Q7. */
  readonly users = new Set<string>()
  /** Q8: upstream errors by minute. */
  readonly upstreamByMinute = new Map<number, number>()
  readonly #traces = new Map<string, number>()
  readonly #baseMs: number
  readonly #needleAt: number

  constructor(baseMs: number, events: number) {
    this.#baseMs = baseMs
    this.#needleAt = Math.floor(events * 0.617)
  }

  get needleCount(): number {
    return this.#traces.get(this.needleTraceId) ?? 0
  }

  add(log: GeneratedLog, timeMs: number): void {
    const minute = Math.floor((timeMs - this.#baseMs) / 60_000)
    if (this.events === this.#needleAt) this.needleTraceId = log.traceId
    this.events += 1
    increment(this.byService, log.service)
    this.users.add(log.userId)
    increment(this.#traces, log.traceId)
    const key = `${log.service} ${minute}`
    const durations = this.durations.get(key)
    if (durations === undefined) this.durations.set(key, [Number(log.durationMs)])
    else durations.push(Number(log.durationMs))
    if (log.status !== 'error') return
    increment(this.errorsByMinute, minute)
    if (log.message.includes('disk quota exceeded')) this.rareMessages.push(log.message)
    if (log.service === 'api-gateway' && log.message.includes('meoutExc')) this.timeoutTimes.push(timeMs)
    if (UPSTREAM_ERROR.test(log.message)) increment(this.upstreamByMinute, minute)
  }
}

export const UPSTREAM_ERROR = /upstream [a-z-]+ returned (502|504)/

function increment<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
