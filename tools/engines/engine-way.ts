import type { EngineName } from '@millrace/simulator/describe-on'
import type { EngineSettings } from './engine-settings.ts'

/** One of the two ways to have engines: `native-way.ts` and `docker-way.ts`. All of it is safe to repeat. */
export interface EngineWay {
  /** Starts those that are down and waits until every one works. @throws {EngineError} what keeps one from it. */
  up(): Promise<void>
  /** Stops them in order. Their data stays. */
  down(): Promise<void>
  /** Removes the data of stopped ones. */
  wipe(): Promise<void>
  /** What runs, whether or not it answers; the text is for people. */
  running(): Promise<ReadonlyMap<EngineName, string>>
}

export interface WayOptions {
  readonly home: string
  /** Of this set. */
  readonly folder: string
  readonly settings: EngineSettings
  readonly names: readonly EngineName[]
  /** Told what happens, a line each. */
  readonly say: (line: string) => void
}
