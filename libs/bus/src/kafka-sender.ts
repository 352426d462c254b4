import assert from 'node:assert/strict'
import type { Message, Producer, RecordMetadata } from 'kafkajs'
import { APPEND_DEADLINE_MS, type KafkaSender, type PartitionRun } from './kafka-append-queue.ts'
import { createKafkaClient, type KafkaClientOptions } from './kafka-client.ts'

/**
 * Below the deadline of an append, so that a request that got no answer, or a leader that has moved, is repeated once within it. The broker knows the
 * repetition by its sequence number.
 */
const REQUEST_TIMEOUT_MS = APPEND_DEADLINE_MS * 0.75
/** The least that an idempotent producer of kafkajs takes. More would repeat what was given up already. */
const RETRIES = 1

/** Opens an idempotent producer with acks=all. One send at a time, or a retry would let a later one get in front. */
export async function openKafkaSender(options: KafkaClientOptions): Promise<KafkaSender> {
  const client = createKafkaClient(options, { requestTimeoutMs: REQUEST_TIMEOUT_MS, retries: RETRIES })
  const producer = client.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    retry: { retries: RETRIES },
    createPartitioner: () => ({ message }) => message.partition ?? 0,
  })
  await producer.connect()
  return new ProducerSender(producer)
}

class ProducerSender implements KafkaSender {
  readonly #producer: Producer
  #isClosed = false

  constructor(producer: Producer) {
    this.#producer = producer
  }

  async send(runs: readonly PartitionRun[]): Promise<readonly number[]> {
    const topicMessages = [...Map.groupBy(runs, ({ topic }) => topic)].map(([topic, group]) => ({
      topic,
      messages: group.flatMap(({ partition, values }) => values.map((value) => this.#message(partition, value))),
    }))
    // Uncompressed: fragments are compressed already (docs/design/bus.md has what a second time costs).
    const results = await this.#producer.sendBatch({ acks: -1, timeout: REQUEST_TIMEOUT_MS, topicMessages })
    return runs.map((run) => baseOffset(results, run))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#producer.disconnect()
  }

  /**
   * kafkajs goes on repeating a send after its producer was disconnected, and would encode it again from bytes that their owner may have reused. A message
   * whose sender is closed cannot be encoded.
   */
  #message(partition: number, value: Uint8Array): Message {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    const isClosed = (): boolean => this.#isClosed
    return {
      partition,
      get value() {
        assert(!isClosed(), 'a closed sender sends nothing more')
        return bytes
      },
    }
  }
}

/** Where a leader moves between two tries kafkajs may leave a partition out of its answer. @throws when that is so. */
function baseOffset(results: readonly RecordMetadata[], { topic, partition }: PartitionRun): number {
  const found = results.find((result) => result.topicName === topic && result.partition === partition)
  const offset = Number(found?.baseOffset ?? -1)
  if (found?.errorCode !== 0 || !Number.isSafeInteger(offset) || offset < 0) throw new Error(`the answer of the broker lacks ${topic}/${partition}`)
  return offset
}
