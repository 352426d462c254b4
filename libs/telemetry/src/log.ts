import { destination, pino, type Logger } from 'pino'

/** A structured log: facts first, then what happened, in the past tense and without a full stop. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error'> & {
  /** A log whose every line carries these facts. */
  child(facts: Readonly<Record<string, unknown>>): Log
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** Writes JSON lines to the standard error stream; standard output belongs to what a person is told. */
export function createLog(level: LogLevel): Log {
  return pino({ level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"`, formatters: { level: (label) => ({ level: label }) } }, destination(2))
}
