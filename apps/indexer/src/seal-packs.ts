import type { Bus } from '@millrace/bus/bus'
import type { Topics } from '@millrace/bus/topics'
import { sealStream } from './seal-stream.ts'
import type { SealerOptions } from './sealer-options.ts'
import { createWakeUp } from './wake-up.ts'

/**
 * Seals every partition that the bus assigns to this process. Messages of `commits` only wake: what there is to do stands in the commit log.
 */
export async function sealPacks({ bus, topics, ...options }: SealerOptions & { readonly bus: Bus; readonly topics: Topics }, signal: AbortSignal): Promise<void> {
  await bus.consume({ topic: topics.commits, group: 'indexer', signal }, async (assignment) => {
    const end = await bus.endOffset(topics.commits, assignment.partition)
    await bus.trim(topics.commits, assignment.partition, end) // what came before has woken someone, or is found in the log
    const wakeUp = createWakeUp(options.clock)
    const sealing = sealStream(options, `${topics.generation}/${assignment.partition}`, wakeUp, assignment.signal)
    for await (const records of assignment.read(end)) {
      wakeUp.notify()
      await bus.trim(topics.commits, assignment.partition, (records.at(-1)?.offset ?? -1) + 1)
    }
    await sealing
  })
}
