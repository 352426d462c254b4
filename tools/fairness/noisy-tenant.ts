import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

export interface NoisyOptions {
  readonly url: string
  readonly apiKey: string
  readonly seed: number
  /** Its events lie before it, ms since 1970. */
  readonly baseMs: number
  readonly eventsPerBody: number
  readonly bodiesPerSecond: number
  readonly queriesPerSecond: number
  /** What is sent before anything is measured: what the heavy questions read. */
  readonly preloadBytes: number
}

export type NoisyCommand = 'preload' | 'start' | 'stop'

/** What became of the noisy tenant's requests in one window. */
export interface NoisyCounts {
  readonly takenBodies: number
  readonly takenBytes: number
  readonly answers: number
  /** By its quotas: 429. */
  readonly refused: number
  /** 503. */
  readonly busy: number
  /** Due while all its connections were busy. */
  readonly notSent: number
  readonly failed: number
}

/** The noisy tenant's process. Disposing ends it. */
export interface NoisyTenant extends AsyncDisposable {
  preload(): Promise<NoisyCounts>
  start(): void
  /** Resolves once all that was sent has been answered. */
  stop(): Promise<NoisyCounts>
}

export async function startNoisyTenant(options: NoisyOptions): Promise<NoisyTenant> {
  const child = fork(join(import.meta.dirname, 'noisy-main.ts'), [JSON.stringify(options)])
  const ended = once(child, 'exit')
  const reply = async (): Promise<NoisyCounts> => {
    const [counts] = (await Promise.race([once(child, 'message'), ended.then(() => { throw new Error('the noisy tenant ended') })])) as [NoisyCounts]
    return counts
  }
  await reply()
  const ask = async (command: NoisyCommand): Promise<NoisyCounts> => {
    child.send(command)
    return await reply()
  }
  return {
    preload: async () => await ask('preload'),
    start: () => void child.send('start' satisfies NoisyCommand),
    stop: async () => await ask('stop'),
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect()
      await ended
    },
  }
}
