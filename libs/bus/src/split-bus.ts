import type { Bus } from './bus.ts'

/**
 * Two buses as one: `topic` lives in `other`, everything else in `main`. For a topic that is never trimmed, in a log of its own: in a log that it shares it would keep
 * everything that was appended after it.
 */
export function splitBus(main: Bus, topic: string, other: Bus): Bus {
  const of = (name: string): Bus => (name === topic ? other : main)
  return {
    createTopic: async (name, options) => await of(name).createTopic(name, options),
    append: async (name, partition, value) => await of(name).append(name, partition, value),
    endOffset: async (name, partition) => await of(name).endOffset(name, partition),
    startOffset: async (name, partition) => await of(name).startOffset(name, partition),
    consume: async (options, work) => await of(options.topic).consume(options, work),
    trim: async (name, partition, offset) => await of(name).trim(name, partition, offset),
    async [Symbol.asyncDispose]() {
      await main[Symbol.asyncDispose]()
      await other[Symbol.asyncDispose]()
    },
  }
}
