import { describeOn } from '@millrace/simulator/describe-on'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemRandom } from '@millrace/runtime/system-random'
import { createLog } from '@millrace/telemetry/log'
import { inspectRedis, parseInfo } from './inspect-redis.ts'
import { RedisUnavailableError } from './redis-connection.ts'

const options = { clock: systemClock, random: systemRandom, log: createLog('silent') }

describe('what Redis is', () => {
  it('stands in lines below headings', () => {
    expect(parseInfo('# Server\r\nredis_version:7.4.1\r\n\r\n# Memory\r\nmaxmemory:0\r\nexecutable:/a:b\r\n')).toEqual(new Map([['redis_version', '7.4.1'], ['maxmemory', '0'], ['executable', '/a:b']]))
  })

  it('cannot be told where there is none', async () => {
    await expect(inspectRedis({ ...options, address: '127.0.0.1:1' })).rejects.toThrow(RedisUnavailableError)
  }, 20_000)
})

describeOn('redis', 'what Redis is', (address) => {
  it('is told of memory, policy and clock', async () => {
    const facts = await inspectRedis({ ...options, address })
    expect(facts).toMatchObject({ version: expect.stringMatching(/^\d+\.\d+/) as unknown, evictionPolicy: expect.stringMatching(/^(noeviction|(allkeys|volatile)-)/) as unknown, isPersistent: false })
    expect(facts.usedMemoryBytes).toBeGreaterThan(0)
    expect(Math.abs(facts.clockAheadMs)).toBeLessThanOrEqual(facts.clockErrorMs + 5)
  })
})
