import { createServer } from 'node:net'
import { EngineError } from './engine.ts'
import { isFree } from '../process/free-port.ts'
import { addressOn, DEFAULT_PORTS, planFreePorts, planPorts, portsOf } from './engine-settings.ts'

describe('the ports of a set', () => {
  it('derives those that only the engines use, so that they move along', () => {
    expect(planPorts({ ...DEFAULT_PORTS, cassandra: 9142 })).toEqual({
      kafka: 9092, kafkaController: 19_092, cassandra: 9142, cassandraStorage: 19_142, cassandraJmx: 29_142, elasticsearch: 9200, elasticsearchTransport: 19_200, redis: 6379,
    })
  })

  it('keeps two sets apart whose ports are neighbours', () => {
    const first = Object.values(planPorts(DEFAULT_PORTS))
    const second = Object.values(planPorts({ kafka: 9093, cassandra: 9043, elasticsearch: 9201, redis: 6380 }))
    expect(new Set([...first, ...second]).size).toBe(first.length + second.length)
  })

  it('refuses two engines on one port', () => {
    expect(() => planPorts({ ...DEFAULT_PORTS, redis: 9092 })).toThrow(new EngineError('kafka and redis would both use port 9092'))
    expect(() => planPorts({ ...DEFAULT_PORTS, redis: 19_200 })).toThrow('elasticsearchTransport and redis would both use port 19200')
  })

  it.each([0, 65_536, 50_000, 1.5])('refuses %d for Cassandra, whose second ports lie above it', (cassandra) => {
    expect(() => planPorts({ ...DEFAULT_PORTS, cassandra })).toThrow(/cannot use port/)
  })

  it('finds different free ports below those that connections get', async () => {
    const ports = Object.values(await planFreePorts())
    expect(new Set(ports).size).toBe(8)
    for (const port of ports) expect(port).toBeLessThan(32_768)
  })

  it('tells a port that somebody listens at from a free one', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    expect(await isFree(port)).toBe(false)
    await new Promise((resolve) => server.close(resolve))
    expect(await isFree(port)).toBe(true)
  })

  it('gives each engine its own ports and clients their address', () => {
    const ports = planPorts(DEFAULT_PORTS)
    expect(portsOf(ports, 'cassandra')).toEqual([9042, 19_042, 29_042])
    expect(portsOf(ports, 'redis')).toEqual([6379])
    expect(addressOn(ports, 'kafka')).toBe('127.0.0.1:9092')
    expect(addressOn(ports, 'elasticsearch')).toBe('http://127.0.0.1:9200')
  })
})
