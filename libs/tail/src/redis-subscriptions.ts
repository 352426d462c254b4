import { openRedisConnection, RedisUnavailableError, type RedisConnection, type RedisConnectionOptions } from '@millrace/redis/redis-connection'
import type { Clock } from '@millrace/runtime/clock'
import { TailBuffer } from './tail-buffer.ts'
import { decodeTailMessage } from './tail-message.ts'
import { TailUnavailableError, type TailItem } from './tail.ts'

/** The channels of Redis that this process listens to, over one connection. */
export interface RedisSubscriptions extends AsyncDisposable {
  /** As the tail's own. */
  subscribe(channel: string, signal: AbortSignal): Promise<AsyncIterable<TailItem>>
}

export async function openRedisSubscriptions(options: Omit<RedisConnectionOptions, 'purpose' | 'commandTimeoutMs' | 'configure'>): Promise<RedisSubscriptions> {
  const channels = new Channels()
  const connection = await openRedisConnection({
    ...options, purpose: 'tail subscriptions', commandTimeoutMs: MAX_ANSWER_MS,
    configure: (client) => {
      client.on('messageBuffer', (channel: Buffer, message: Buffer) => { channels.arrive(channel.toString(), message) })
      let isConnected = false
      client.on('close', () => {
        if (isConnected) channels.tellGap() // once, and not for every attempt to connect again
        isConnected = false
      })
      // A connection that was made anew listens to nothing yet. One that cannot be told is made anew once more.
      client.on('ready', () => {
        isConnected = true
        if (channels.names.length > 0) client.subscribe(...channels.names).catch(() => { client.disconnect(true) })
      })
    },
  })
  const closed = new AbortController()
  const alive = keepAlive(connection, channels, options.clock, closed.signal)
  return {
    subscribe: async (channel, signal) => await subscribe(connection, channels, channel, signal),
    async [Symbol.asyncDispose]() {
      closed.abort()
      channels.end()
      await connection[Symbol.asyncDispose]()
      await alive
    },
  }
}

/** Listening begins within milliseconds, or Redis does not keep up. */
const MAX_ANSWER_MS = 1_000
/** A listener sends nothing by itself, so a cut cable shows only by a question that stays without an answer. */
const PING_MS = 2_000

async function subscribe(connection: RedisConnection, channels: Channels, channel: string, signal: AbortSignal): Promise<AsyncIterable<TailItem>> {
  const buffer = new TailBuffer(() => {
    signal.removeEventListener('abort', end)
    if (channels.leave(channel, buffer)) connection.run(async (redis) => await redis.unsubscribe(channel)).catch(() => undefined) // what still comes is ignored
  })
  const end = (): void => { buffer.end() }
  try {
    await channels.join(channel, buffer, async () => await connection.run(async (redis) => await redis.subscribe(channel)))
    if (!connection.isUp) throw new RedisUnavailableError('redis is unavailable')
  } catch (cause) {
    buffer.end()
    if (cause instanceof RedisUnavailableError) throw new TailUnavailableError('the live tail is unavailable', { cause })
    throw cause
  }
  signal.addEventListener('abort', end)
  if (signal.aborted) end()
  return buffer
}

async function keepAlive(connection: RedisConnection, channels: Channels, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(PING_MS, signal)
    if (channels.names.length > 0) await connection.run(async (redis) => await redis.ping()).catch(() => undefined) // the driver drops a connection that stays silent
  }
}

class Channels {
  readonly #channels = new Map<string, { readonly buffers: Set<TailBuffer>; started: Promise<unknown> | undefined }>()

  get names(): readonly string[] {
    return [...this.#channels.keys()]
  }

  /** @param start begins to listen to the channel; called for the first who joins. */
  async join(name: string, buffer: TailBuffer, start: () => Promise<unknown>): Promise<void> {
    const channel = this.#channels.get(name) ?? { buffers: new Set(), started: undefined }
    this.#channels.set(name, channel)
    channel.buffers.add(buffer)
    try {
      await (channel.started ??= start())
    } catch (cause) {
      channel.started = undefined
      throw cause
    }
  }

  /** Answers true when nobody is left. */
  leave(name: string, buffer: TailBuffer): boolean {
    const channel = this.#channels.get(name)
    if (channel?.buffers.delete(buffer) !== true || channel.buffers.size > 0) return false
    this.#channels.delete(name)
    return true
  }

  arrive(name: string, message: Buffer): void {
    const channel = this.#channels.get(name)
    if (channel === undefined) return
    const arrived = decodeTailMessage(message)
    for (const buffer of channel.buffers) {
      if (arrived === undefined) buffer.miss({ hasGapBefore: true })
      else if (arrived.dropped > 0) buffer.miss({ droppedBefore: arrived.dropped })
      if (arrived?.fragment !== undefined) buffer.push(arrived.fragment)
    }
  }

  tellGap(): void {
    for (const { buffers } of this.#channels.values()) for (const buffer of buffers) buffer.miss({ hasGapBefore: true })
  }

  end(): void {
    for (const { buffers } of [...this.#channels.values()]) for (const buffer of [...buffers]) buffer.end()
  }
}
