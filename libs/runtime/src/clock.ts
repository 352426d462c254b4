/** The only door to time. Everything that waits or stamps takes a clock, so a simulator can own time. */
export interface Clock {
  /** Wall time, ms since 1970. May jump; orders nothing. */
  nowMs(): number
  /** Monotonic, ms, fractions allowed; for durations and deadlines. */
  monotonicMs(): number
  /** Resolves after `ms`, or at once when `signal` aborts; never rejects. 0 lets everything else that is ready run first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}
