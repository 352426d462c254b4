import { openRedisConnection, RedisUnavailableError, type RedisConnectionOptions } from './redis-connection.ts'

/** What Redis is at the moment, for people who look for what is wrong. */
export interface RedisFacts {
  readonly version: string
  /** 0: it takes what there is. */
  readonly maxMemoryBytes: number
  readonly usedMemoryBytes: number
  /** `volatile-lru` and so on. */
  readonly evictionPolicy: string
  /** Whether it writes what it holds to a disk, which nothing needs. */
  readonly isPersistent: boolean
  /** How far its clock is ahead of ours, ms, give or take {@link clockErrorMs}. */
  readonly clockAheadMs: number
  readonly clockErrorMs: number
}

/** Looks at Redis, and changes nothing. @throws {RedisUnavailableError} */
export async function inspectRedis(options: Omit<RedisConnectionOptions, 'purpose' | 'commandTimeoutMs' | 'configure'>): Promise<RedisFacts> {
  let lastError: Error | undefined
  const configure: RedisConnectionOptions['configure'] = (client) => client.on('error', (error: Error) => (lastError = error))
  await using connection = await openRedisConnection({ ...options, purpose: 'looking at it', commandTimeoutMs: COMMAND_TIMEOUT_MS, configure })
  // The connection itself only says that it is down: a person wants to know why.
  if (!connection.isUp) throw new RedisUnavailableError(`no answer from Redis at ${options.address}`, { cause: lastError })
  const info = parseInfo(await connection.run(async (redis) => await redis.info()))
  const sentMs = options.clock.nowMs()
  const [seconds, microseconds] = await connection.run(async (redis) => await redis.time())
  const receivedMs = options.clock.nowMs()
  return {
    version: info.get('redis_version') ?? info.get('valkey_version') ?? 'unknown',
    maxMemoryBytes: Number(info.get('maxmemory') ?? 0), usedMemoryBytes: Number(info.get('used_memory') ?? 0), evictionPolicy: info.get('maxmemory_policy') ?? 'unknown',
    isPersistent: info.get('aof_enabled') === '1',
    clockAheadMs: Number(seconds) * 1000 + Number(microseconds) / 1000 - (sentMs + receivedMs) / 2, clockErrorMs: (receivedMs - sentMs) / 2,
  }
}

/** A person waits; a Redis that is busy answers within it. */
const COMMAND_TIMEOUT_MS = 2_000

/** `name:value` lines below headings. */
export function parseInfo(text: string): ReadonlyMap<string, string> {
  return new Map(text.split(/\r?\n/).filter((line) => line.includes(':') && !line.startsWith('#')).map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]))
}
