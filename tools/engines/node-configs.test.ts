import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CASSANDRA_VERSION, renderCassandraConfig } from './cassandra-node.ts'
import { composeEnvironment, projectOf } from './docker-way.ts'
import { DEFAULT_HEAPS, DEFAULT_PORTS, planPorts } from './engine-settings.ts'
import { ELASTICSEARCH_VERSION, renderElasticsearchConfig } from './elasticsearch-node.ts'
import { pomOf } from './install-maven.ts'
import { KAFKA_VERSION, renderKafkaConfig } from './kafka-node.ts'
import { redisArgs } from './redis-node.ts'

const ports = planPorts({ kafka: 9192, cassandra: 9142, elasticsearch: 9290, redis: 6479 })

describe('the configuration of each engine', () => {
  it('puts every port of Kafka and its folder where they belong, and lets nothing make topics or drop data', () => {
    const config = new Map(renderKafkaConfig(ports, '/data/kafka').split('\n').map((line): [string, string] => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
    expect(config.get('listeners')).toBe('PLAINTEXT://127.0.0.1:9192,CONTROLLER://127.0.0.1:19192')
    expect(config.get('advertised.listeners')).toBe('PLAINTEXT://127.0.0.1:9192')
    expect(config.get('controller.quorum.voters')).toBe('1@127.0.0.1:19192')
    expect(config.get('log.dirs')).toBe('/data/kafka')
    expect(config.get('auto.create.topics.enable')).toBe('false')
    expect(config.get('log.retention.ms')).toBe('-1')
    expect(config.get('message.max.bytes')).toBe('8388608')
  })

  it('puts the ports of Cassandra where they belong and answers writes only when they are durable', () => {
    const lines = renderCassandraConfig(ports, '/data/cassandra').split('\n')
    for (const line of ['storage_port: 19142', 'native_transport_port: 9142', '      - seeds: "127.0.0.1:19142"', 'commitlog_directory: /data/cassandra/commitlog', 'commitlog_sync: batch', 'auto_snapshot: false']) expect(lines).toContain(line)
  })

  it('puts the ports of Elasticsearch where they belong, on loopback only', () => {
    const lines = renderElasticsearchConfig(ports, '/data/elasticsearch').split('\n')
    for (const line of ['http.port: 9290', 'transport.port: 19290', 'network.host: 127.0.0.1', 'path.data: /data/elasticsearch/data']) expect(lines).toContain(line)
  })

  it('starts Redis without persistence and without eviction', () => {
    expect(redisArgs(6479, '/data/redis').join(' ')).toBe('--bind 127.0.0.1 --port 6479 --save  --appendonly no --maxmemory 512mb --maxmemory-policy volatile-lru --dir /data/redis')
  })

  it('depends on exactly the named artifacts', () => {
    expect(pomOf(['a.b:c:1', 'd:e:2'])).toContain('<dependency><groupId>a.b</groupId><artifactId>c</artifactId><version>1</version></dependency>\n    <dependency><groupId>d</groupId>')
  })
})

describe('the containers', () => {
  it('are of the same versions as the native engines, each pinned', async () => {
    const compose = await readFile(join(import.meta.dirname, 'compose.yaml'), 'utf8')
    const images = [...compose.matchAll(/^ {4}image: (.+)$/gm)].map(([, image]) => image)
    expect(images).toEqual([`apache/kafka:${KAFKA_VERSION}`, `cassandra:${CASSANDRA_VERSION}`, `docker.elastic.co/elasticsearch/elasticsearch:${ELASTICSEARCH_VERSION}`, expect.stringMatching(/^redis:\d+\.\d+\.\d+$/)])
  })

  it('take exactly the variables that are set for them, with the same defaults', async () => {
    const compose = await readFile(join(import.meta.dirname, 'compose.yaml'), 'utf8')
    const used = Object.fromEntries([...compose.matchAll(/\$\{(\w+):-([^}]+)\}/g)].map(([, name, value]) => [name, value]))
    expect(used).toEqual(composeEnvironment({ ports: planPorts(DEFAULT_PORTS), heaps: DEFAULT_HEAPS }))
  })

  it('of sets in different folders are different projects', () => {
    expect(projectOf('/a')).toMatch(/^millrace-engines-[0-9a-f]{8}$/)
    expect(projectOf('/a')).not.toBe(projectOf('/b'))
  })
})
