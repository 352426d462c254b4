import { readFile } from 'node:fs/promises'
import { settingsTable } from '@millrace/config/read-settings'
import { DEFAULT_PORTS, readServiceSettings, serviceSchema } from './settings.ts'

describe('the settings of the services', () => {
  it('are listed in the docs, each with its default', async () => {
    expect(await readFile(new URL('../../../docs/configuration.md', import.meta.url), 'utf8')).toContain(settingsTable(serviceSchema))
  })

  it('need none to be set for engines on this machine, and give each service a port of its own', () => {
    expect(readServiceSettings({})).toMatchObject({ kafkaBrokers: ['127.0.0.1:9092'], cassandraContactPoints: ['127.0.0.1:9042'], elasticsearchNodes: ['http://127.0.0.1:9200'], redisAddress: '127.0.0.1:6379' })
    expect(new Set(Object.values(DEFAULT_PORTS)).size).toBe(Object.keys(DEFAULT_PORTS).length)
  })

  it('tell in the docs which port is whose', () => {
    for (const [service, port] of Object.entries(DEFAULT_PORTS)) expect(serviceSchema.shape.httpPort.description).toContain(`${service} ${port}`)
  })

  it('take several addresses with commas between', () => {
    expect(readServiceSettings({ MILLRACE_KAFKA_BROKERS: 'a:9092, b:9092,', MILLRACE_INTAKE_URLS: 'http://x:1,http://y:2' })).toMatchObject({ kafkaBrokers: ['a:9092', 'b:9092'], intakeUrls: ['http://x:1', 'http://y:2'] })
  })
})
