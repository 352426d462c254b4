import type { EngineName } from '@millrace/simulator/describe-on'

/**
 * One engine of a set, run natively: Kafka, Cassandra, Elasticsearch or Redis as processes of this machine.
 * What it tells is read from the system each time, so two tools may hold the same engine.
 */
export interface Engine {
  readonly name: EngineName
  /** `host:port`; of Elasticsearch `http://host:port`. The form that `TEST_KAFKA` and its sisters take. */
  readonly address: string
  /** The server's own process, for its CPU time and memory; `undefined` while none runs. */
  readonly pid: number | undefined
  isRunning(): boolean
  /**
   * Installs what is missing, writes the configuration and starts the process, detached from this one. Data of an earlier run is kept.
   * Does nothing while it runs. Resolves before the engine answers: see {@link ready}.
   *
   * @throws {EngineError} something that it needs is not on this machine, or another program has one of its ports.
   */
  start(): Promise<void>
  /** Resolves once the engine does its work for a client, and not merely listens. @throws {EngineError} it ended, or does not answer in time. */
  ready(): Promise<void>
  /** Asks it to end in order and waits; insists with SIGKILL when that takes too long. A paused one is resumed for it. Does nothing while none runs. */
  stop(): Promise<void>
  /** Ends it with SIGKILL, in the middle of whatever it does, and waits until it is gone. */
  kill(): Promise<void>
  /** Freezes it with SIGSTOP: connections stay open, nothing answers. */
  pause(): void
  resume(): void
}

/** Engines of one folder, which run side by side on ports of their own. */
export interface EngineSet {
  /** Holds everything of this set but the installed programs. */
  readonly folder: string
  readonly engines: readonly Engine[]
}

/** In the order in which they are shown. */
export const ENGINE_NAMES = ['kafka', 'cassandra', 'elasticsearch', 'redis'] as const satisfies readonly EngineName[]

/** What is wrong and what to do about it, for the person at the terminal. */
export class EngineError extends Error {
  override readonly name = 'EngineError'
}
