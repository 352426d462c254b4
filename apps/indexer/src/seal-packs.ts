import { BusUnavailableError, OffsetTrimmedError, type Assignment, type Bus } from '@millrace/bus/bus'
import type { Topics } from '@millrace/bus/topics'
import { sealStream } from './seal-stream.ts'
import type { SealerOptions } from './sealer-options.ts'
import { createWakeUp, type WakeUp } from './wake-up.ts'

type SealPacksOptions = SealerOptions & { readonly bus: Bus; readonly topics: Topics }

/**
 * Seals every partition that the bus assigns to this process. Messages of `commits` only wake: what there is to do stands in the commit log, so sealing goes on,
 * a second later, while the bus is down.
 */
export async function sealPacks({ bus, topics, ...options }: SealPacksOptions, signal: AbortSignal): Promise<void> {
  await bus.consume({ topic: topics.commits, group: 'indexer', signal }, async (assignment) => {
    const wakeUp = createWakeUp(options.clock)
    const listening = listen({ bus, topics, ...options }, assignment, wakeUp)
    const stream = `${topics.generation}/${assignment.partition}`
    await sealStream(options, stream, wakeUp, assignment.signal)
    options.metrics?.released(stream)
    await listening
  })
}

/** Passes on wake-ups until the assignment ends. What came before has woken someone, or is found in the log. */
async function listen({ bus, topics, clock, log }: SealPacksOptions, { partition, signal, read }: Assignment, wakeUp: WakeUp): Promise<void> {
  while (!signal.aborted) {
    try {
      const end = await bus.endOffset(topics.commits, partition)
      await bus.trim(topics.commits, partition, end)
      for await (const records of read(end)) {
        wakeUp.notify()
        await bus.trim(topics.commits, partition, (records.at(-1)?.offset ?? -1) + 1)
      }
    } catch (error) {
      if (!(error instanceof BusUnavailableError || error instanceof OffsetTrimmedError)) throw error
      log.warn({ err: error, partition }, 'commits do not wake the sealer at the moment')
      await clock.sleep(RESTART_PAUSE_MS, signal)
    }
  }
}

/** Long enough not to hammer an engine that is down. */
const RESTART_PAUSE_MS = 500
