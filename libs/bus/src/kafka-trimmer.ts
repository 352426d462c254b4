import type { Clock } from '@millrace/runtime/clock'
import type { Log } from '@millrace/telemetry/log'
import type { SeekEntry } from 'kafkajs'
import type { KafkaAdmin } from './kafka-admin.ts'

/** Writers trim at each flush; the disk that five seconds hold is nothing, and each trim costs the brokers three requests. */
export const TRIM_INTERVAL_MS = 5_000

/** Deletes records below the highest offset that was allowed, in the background. A deletion that failed is repeated with the next. */
export class KafkaTrimmer {
  readonly #admin: KafkaAdmin
  readonly #clock: Clock
  readonly #log: Log
  /** Allowed and not deleted yet. */
  readonly #waiting = new Map<string, Map<number, number>>()
  readonly #deleted = new Map<string, number>()
  readonly #closing = new AbortController()
  #running: Promise<void> | undefined

  constructor({ admin, clock, log }: { readonly admin: KafkaAdmin; readonly clock: Clock; readonly log: Log }) {
    this.#admin = admin
    this.#clock = clock
    this.#log = log
  }

  allow(topic: string, partition: number, offset: number): void {
    const partitions = this.#waiting.get(topic) ?? new Map<number, number>()
    if (offset <= Math.max(partitions.get(partition) ?? 0, this.#deleted.get(`${topic}/${partition}`) ?? 0)) return
    this.#waiting.set(topic, partitions.set(partition, offset))
    this.#running ??= this.#trimUntilDone()
  }

  /** What was not deleted yet is kept. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#running
  }

  async #trimUntilDone(): Promise<void> {
    while (this.#waiting.size > 0) {
      await this.#clock.sleep(TRIM_INTERVAL_MS, this.#closing.signal)
      if (this.#closing.signal.aborted) break
      for (const [topic, partitions] of [...this.#waiting]) {
        const offsets = [...partitions].map(([partition, offset]) => ({ partition, offset: String(offset) }))
        if (!(await this.#trim(topic, offsets))) continue
        for (const { partition, offset } of offsets) {
          this.#deleted.set(`${topic}/${partition}`, Number(offset))
          if (partitions.get(partition) === Number(offset)) partitions.delete(partition)
        }
        if (partitions.size === 0) this.#waiting.delete(topic)
      }
    }
    this.#running = undefined
  }

  async #trim(topic: string, partitions: SeekEntry[]): Promise<boolean> {
    try {
      await this.#admin.run(`trimming ${topic}`, async (admin) => {
        await admin.fetchTopicOffsets(topic) // makes the topic known to kafkajs, which would not find its leaders
        await admin.deleteTopicRecords({ topic, partitions })
      })
      return true
    } catch (error) {
      this.#log.warn({ err: error, topic }, 'records that are no longer needed were not deleted')
      return false
    }
  }
}
