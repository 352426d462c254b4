import type { Clock } from '@millrace/runtime/clock'
import type { Random } from '@millrace/runtime/random'
import type { Log } from '@millrace/telemetry/log'

/** Gathers syslog messages and sends them on as requests, in order, each until it is taken. */
export interface SyslogForwarder {
  /** Messages that wait are more than may: who can stop reading should until {@link whenRoom} resolves. */
  readonly isFull: boolean
  add(message: Uint8Array): void
  whenRoom(): Promise<void>
  /** Sends what waits, for {@link DRAIN_MS} at most, and ends. */
  close(): Promise<void>
}

export interface SyslogForwarderOptions {
  /** Where `POST /v1/syslog` is served. */
  readonly httpUrl: string
  readonly apiKey: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}

export function createSyslogForwarder(options: SyslogForwarderOptions): SyslogForwarder {
  return new Forwarder(options)
}

/** A batch becomes one record, as the part of a large request does. */
const BATCH_BYTES = 512 * 1024
/** How long a lone message waits for company: nobody waits for its answer. */
const BATCH_WAIT_MS = 100
/** Of messages that wait: some seconds of a fast sender. Beyond it connections are not read, and datagrams are dropped. */
export const MAX_WAITING_BYTES = 8 * 1024 * 1024
const FIRST_BACKOFF_MS = 200
const MAX_BACKOFF_MS = 5_000
/** After being told to end. */
const DRAIN_MS = 5_000

class Forwarder implements SyslogForwarder {
  readonly #options: SyslogForwarderOptions
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  #wake: (() => void) | undefined
  #roomWaiters: (() => void)[] = []
  readonly #closing = new AbortController()
  readonly #giveUp = new AbortController()
  readonly #work: Promise<void>

  constructor(options: SyslogForwarderOptions) {
    this.#options = options
    this.#work = this.#run()
  }

  get isFull(): boolean {
    return this.#waitingBytes >= MAX_WAITING_BYTES
  }

  add(message: Uint8Array): void {
    this.#waiting.push(message)
    this.#waitingBytes += message.length
    this.#wake?.()
  }

  whenRoom(): Promise<void> {
    return new Promise((resolve) => {
      if (this.isFull) this.#roomWaiters.push(resolve)
      else resolve()
    })
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#wake?.()
    void this.#options.clock.sleep(DRAIN_MS, this.#giveUp.signal).then(() => { this.#giveUp.abort() })
    await this.#work
    this.#giveUp.abort()
    if (this.#waiting.length > 0) this.#options.log.warn({ messages: this.#waiting.length }, 'syslog messages could not be sent on before the end')
  }

  async #run(): Promise<void> {
    const { clock } = this.#options
    while (!this.#giveUp.signal.aborted) {
      if (this.#waiting.length === 0) {
        if (this.#closing.signal.aborted) return
        await new Promise<void>((resolve) => { this.#wake = resolve })
        this.#wake = undefined
        continue
      }
      if (this.#waitingBytes < BATCH_BYTES) await clock.sleep(BATCH_WAIT_MS, this.#closing.signal)
      const { body, count, bytes } = this.#batch()
      if (!(await this.#send(body))) return
      this.#waiting = this.#waiting.slice(count)
      this.#waitingBytes -= bytes
      if (!this.isFull) for (const resolve of this.#roomWaiters.splice(0)) resolve()
    }
  }

  /** Each message with its length in front. */
  #batch(): { readonly body: Buffer; readonly count: number; readonly bytes: number } {
    const parts: Uint8Array[] = []
    let count = 0
    let bytes = 0
    for (const message of this.#waiting) {
      if (count > 0 && bytes + message.length > BATCH_BYTES) break
      parts.push(Buffer.from(`${message.length} `), message)
      count++
      bytes += message.length
    }
    return { body: Buffer.concat(parts), count, bytes }
  }

  /** Until it is taken, or refused for good. False when it is given up. One key for all attempts: what was taken without our hearing of it is not stored again. */
  async #send(body: Buffer): Promise<boolean> {
    const { httpUrl, apiKey, clock, random, log } = this.#options
    const headers = { 'dd-api-key': apiKey, 'idempotency-key': `syslog-${random.text(24)}` }
    for (let backoffMs = FIRST_BACKOFF_MS; !this.#giveUp.signal.aborted; backoffMs = Math.min(2 * backoffMs, MAX_BACKOFF_MS)) {
      try {
        const answer = await fetch(`${httpUrl}/v1/syslog`, { method: 'POST', headers, body: new Uint8Array(body), signal: this.#giveUp.signal })
        const text = await answer.text()
        if (answer.ok) return true
        log.warn({ status: answer.status, answer: text }, 'syslog messages are refused')
        if (answer.status === 400 || answer.status === 413) return true
      } catch (error) {
        log.warn({ err: error }, 'syslog messages cannot be sent on')
      }
      await clock.sleep(backoffMs, this.#giveUp.signal)
    }
    return false
  }
}
