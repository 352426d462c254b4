import { describeOn } from '@millrace/simulator/describe-on'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemRandom } from '@millrace/runtime/system-random'
import type { Log } from '@millrace/telemetry/log'
import { openBreakableProxy } from './breakable-proxy.ts'
import { openRedisConnection, RedisUnavailableError, type RedisConnection } from './redis-connection.ts'

function linesOf(): { readonly lines: string[]; readonly log: Log } {
  const lines: string[] = []
  const write = (_facts: unknown, line: string): void => { lines.push(line) }
  const log = { debug: write, info: write, warn: write, error: write, child: () => log } as unknown as Log
  return { lines, log }
}

async function open(address: string, log = linesOf().log): Promise<RedisConnection> {
  return await openRedisConnection({ address, clock: systemClock, random: systemRandom, log, purpose: 'a test', commandTimeoutMs: 200 })
}

/** Waits, asking again, so that a connection that is down has callers. */
async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  const endMs = performance.now() + 15_000
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error('it did not come about within 15 s')
    await systemClock.sleep(10)
  }
}

const ping = async (connection: RedisConnection): Promise<boolean> => await connection.run(async (redis) => await redis.ping()).then(() => true, () => false)

describe('a connection to a Redis that is not there', () => {
  it('opens all the same, refuses at once and says so once', async () => {
    const { lines, log } = linesOf()
    await using proxy = await openBreakableProxy('127.0.0.1:1')
    proxy.cut()
    await using connection = await open(proxy.address, log)
    const startedMs = performance.now()
    for (let i = 0; i < 100; i++) await expect(connection.run(async (redis) => await redis.ping())).rejects.toThrow(RedisUnavailableError)
    expect(performance.now() - startedMs).toBeLessThan(100)
    await until(() => proxy.connections > 3)
    expect({ lines, isUp: connection.isUp }).toEqual({ lines: ['redis became unavailable'], isUp: false })
  })
})

describeOn('redis', 'a connection to Redis', (address) => {
  it('stays when only this process was too busy to see the answers', async () => {
    const { lines, log } = linesOf()
    await using connection = await open(address, log)
    const late = Promise.allSettled(Array.from({ length: 10 }, async () => await connection.run(async (redis) => await redis.ping())))
    const busyUntilMs = performance.now() + 300
    while (performance.now() < busyUntilMs);
    expect((await late).map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 'rejected'))
    await until(async () => await ping(connection))
    expect(lines).toEqual([])
  })

  it('is back after it was cut, and fails what was on its way', async () => {
    const { lines, log } = linesOf()
    await using proxy = await openBreakableProxy(address)
    await using connection = await open(proxy.address, log)
    expect(await connection.run(async (redis) => await redis.ping())).toBe('PONG')
    const waiting = connection.run(async (redis) => await redis.blpop(`test-${systemRandom.text(12)}`, 0))
    proxy.cut()
    await expect(waiting).rejects.toThrow(RedisUnavailableError)
    expect(connection.isUp).toBe(false)
    proxy.restore()
    await until(() => connection.isUp)
    expect(await ping(connection)).toBe(true)
    expect(lines).toEqual(['redis became unavailable', 'redis is back'])
  })

  it('waits for a late answer and a late probe only, and leaves a connection that stays silent', async () => {
    await using proxy = await openBreakableProxy(address)
    await using connection = await open(proxy.address)
    expect(await ping(connection)).toBe(true)
    proxy.stall()
    expect(await ping(connection)).toBe(false)
    await until(() => !connection.isUp)
    const startedMs = performance.now()
    for (let i = 0; i < 100; i++) expect(await ping(connection)).toBe(false)
    expect(performance.now() - startedMs).toBeLessThan(100)
    proxy.restore()
    await until(async () => await ping(connection))
  })

  it('comes back by a probe when Redis was only slow, or refused a command', async () => {
    await using connection = await open(address)
    const key = `test-${systemRandom.text(12)}`
    await expect(connection.run(async (redis) => await redis.blpop(key, 0.6))).rejects.toThrow(RedisUnavailableError)
    await until(() => !connection.isUp)
    await until(async () => await ping(connection))
    await expect(connection.run(async (redis) => await redis.call('NO-SUCH-COMMAND'))).rejects.toThrow(RedisUnavailableError)
    await until(async () => await ping(connection))
  })
})
