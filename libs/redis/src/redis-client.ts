import { Redis } from 'ioredis'
import type { Random } from '@millrace/runtime/random'

/** Where Redis is and how to be let in. The password must never be logged. */
export interface RedisAddress {
  /** `host:port`; an IPv6 address in brackets. */
  readonly address: string
  readonly username?: string
  readonly password?: string
  readonly isTls?: boolean
}

export interface RedisClientOptions extends RedisAddress {
  /** Spreads the reconnections of many processes after an outage. */
  readonly random: Random
  /** A command without an answer for so long has failed. What it did in Redis is unknown. */
  readonly commandTimeoutMs: number
  /** Told of every failed attempt to connect, several times per outage. */
  readonly onError: (error: Error) => void
}

/**
 * Makes a driver's client that fails fast and comes back by itself: a command while there is no connection is refused at once instead of queued, nothing
 * is sent again, and a connection that went silent is dropped and made anew. It connects in the background until `disconnect`.
 */
export function createRedisClient({ address, username, password, isTls = false, random, commandTimeoutMs, onError }: RedisClientOptions): Redis {
  const { hostname, port } = new URL(`redis://${address}`)
  const client = new Redis({
    host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? DEFAULT_PORT : Number(port),
    ...(username === undefined ? {} : { username }), ...(password === undefined ? {} : { password }), ...(isTls ? { tls: {} } : {}),
    enableOfflineQueue: false, autoResendUnfulfilledCommands: false, autoResubscribe: false,
    maxRetriesPerRequest: 0, // what was on its way when the connection broke fails then, and not when it is there again
    commandTimeout: commandTimeoutMs, connectTimeout: CONNECT_TIMEOUT_MS, socketTimeout: SILENCE_MS, disconnectTimeout: CLOSE_MS,
    // INFO takes longer than the commands that it would guard; a Redis that still loads says so in every answer.
    enableReadyCheck: false, disableClientInfo: true,
    retryStrategy: (attempt) => Math.min(MAX_RETRY_MS, MIN_RETRY_MS * 2 ** Math.min(attempt, MAX_DOUBLINGS)) * (0.5 + random.fraction() / 2),
  })
  client.on('error', onError) // without a listener the driver prints
  return client
}

const DEFAULT_PORT = 6379
/** Within one network it takes a millisecond; a host that is gone must not hold the next attempt for long. */
const CONNECT_TIMEOUT_MS = 2_000
/** Commands were sent and nothing came back: longer than any pause of a healthy Redis, shorter than TCP notices a cut cable. */
const SILENCE_MS = 3_000
/** Whoever does not answer to the end of a connection by then is left; the driver holds the process for as long. */
const CLOSE_MS = 100
/** The first wait before connecting again. */
const MIN_RETRY_MS = 50
/** The longest one: an outage's end is noticed within about a second, and a Redis that starts is not stormed. */
const MAX_RETRY_MS = 1_000
/** Keeps the power finite; the cap is reached long before. */
const MAX_DOUBLINGS = 10
