import type { Clock } from '@millrace/runtime/clock'
import type { Admin } from 'kafkajs'
import { BusUnavailableError } from './bus.ts'
import { createKafkaClient, type KafkaClientOptions } from './kafka-client.ts'
import { withDeadline } from './kafka-deadline.ts'

export type KafkaAdminOptions = KafkaClientOptions & { readonly clock: Clock }

/** A request for offsets or metadata is answered in milliseconds; creating a topic on a busy broker takes a second or two. */
const ADMIN_DEADLINE_MS = 10_000
const REQUEST_TIMEOUT_MS = 5_000
const RETRIES = 2

/** An admin connection that is opened when it is needed and again after any failure, since kafkajs does not always mend one. */
export class KafkaAdmin {
  readonly #options: KafkaAdminOptions
  #opened: Promise<Admin> | undefined
  #isClosed = false

  constructor(options: KafkaAdminOptions) {
    this.#options = options
  }

  /** @throws {BusUnavailableError} whatever went wrong. */
  async run<T>(what: string, use: (admin: Admin) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new BusUnavailableError('the bus is closed')
    const opened = (this.#opened ??= this.#open())
    try {
      return await withDeadline(this.#options.clock, ADMIN_DEADLINE_MS, opened.then(use))
    } catch (cause) {
      if (this.#opened === opened) {
        this.#opened = undefined
        this.#discard(opened)
      }
      throw new BusUnavailableError(`${what} failed`, { cause })
    }
  }

  close(): void {
    this.#isClosed = true
    if (this.#opened !== undefined) this.#discard(this.#opened)
    this.#opened = undefined
  }

  async #open(): Promise<Admin> {
    const admin = createKafkaClient(this.#options, { requestTimeoutMs: REQUEST_TIMEOUT_MS, retries: RETRIES }).admin()
    await admin.connect()
    return admin
  }

  /** In the background: a connection that lost its broker may take long to close. */
  #discard(opened: Promise<Admin>): void {
    opened.then((admin) => admin.disconnect()).catch((error: unknown) => { this.#options.log.debug({ err: error }, 'an admin connection was not closed') })
  }
}
