import { systemClock } from '@millrace/runtime/system-clock'
import { systemRandom } from '@millrace/runtime/system-random'
import { topicsOf } from '@millrace/bus/topics'
import type { KafkaFacts } from '@millrace/bus/inspect-kafka'
import type { CassandraFacts } from '@millrace/cassandra/inspect-cassandra'
import type { ElasticsearchFacts } from '@millrace/fragment-index/inspect-elasticsearch'
import type { RedisFacts } from '@millrace/redis/inspect-redis'
import { readServiceSettings } from '@millrace/service/settings'
import { runCli } from '../run-cli.ts'
import { checkCassandra } from './check-cassandra.ts'
import { checkClock } from './check-clock.ts'
import { checkElasticsearch } from './check-elasticsearch.ts'
import { checkKafka } from './check-kafka.ts'
import { checkOpenFiles } from './check-machine.ts'
import { checkRedis } from './check-redis.ts'
import { createNotes, type Finding, type Notes } from './finding.ts'

const SETTINGS = readServiceSettings({ MILLRACE_KAFKA_REPLICATION_FACTOR: '3', MILLRACE_KAFKA_MIN_INSYNC_REPLICAS: '2', MILLRACE_CASSANDRA_REPLICATION_FACTOR: '3' })
const TOPICS = topicsOf({ generation: 'g1', partitions: 2 })
const ON_TIME = { clockAheadMs: 3, clockErrorMs: 1 }

const findingsOf = (work: (notes: Notes) => void): readonly Finding[] => {
  const notes = createNotes('machine')
  work(notes)
  return notes.findings
}
/** States and heads of what is not well; each must have a cause and a fix. */
const ills = (work: (notes: Notes) => void): readonly string[] => findingsOf(work).filter(({ state }) => state !== 'ok').map(({ state, what, cause = '', fix = '' }) => {
  expect([cause === '', fix === '', /[.\n]$/.test(cause + fix)]).toEqual([false, false, false])
  return `${state}: ${what}`
})

describe('the doctor', () => {
  const node = (address: string, isUp = true, version = '5.0.4'): CassandraFacts['nodes'][number] => ({ address, isUp, dataCenter: 'datacenter1', version })
  const cassandra: CassandraFacts = {
    ...ON_TIME, nodes: [node('a'), node('b'), node('c')], replication: new Map([['datacenter1', 3]]), commitlogSync: 'group', migrations: { missing: [], changed: [], unknown: [] },
  }
  const illsOfCassandra = (change: Partial<CassandraFacts>): readonly string[] => ills((notes) => { checkCassandra(notes, { ...cassandra, ...change }, SETTINGS) })

  it('finds what is wrong with Cassandra', () => {
    expect(illsOfCassandra({})).toEqual([])
    expect(illsOfCassandra({ nodes: [node('a'), node('b', false), node('c')] })).toEqual(['problem: 1 of 3 nodes are down: b'])
    expect(illsOfCassandra({ nodes: [node('a'), node('b'), node('c', true, '4.1.3')] })).toEqual(['problem: 1 node of a version before 5'])
    expect(illsOfCassandra({ nodes: cassandra.nodes.map((each) => ({ ...each, dataCenter: 'eu' })) })).toContain('problem: no node is in data centre datacenter1')
    expect(illsOfCassandra({ replication: undefined, migrations: undefined })).toEqual(['problem: there is no keyspace millrace'])
    expect(illsOfCassandra({ replication: new Map([['datacenter1', 1]]) })).toEqual(['note: 1 copy of keyspace millrace, and the settings say 3'])
    expect(illsOfCassandra({ replication: new Map([['eu', 3]]) })).toEqual(['problem: keyspace millrace has no copies in datacenter1'])
    expect(illsOfCassandra({ replication: new Map([['datacenter1', 5]]) })).toEqual(['problem: 5 copies on 3 nodes'])
    expect(illsOfCassandra({ commitlogSync: 'periodic' })).toEqual(['note: the commit log is synced periodically'])
    expect(illsOfCassandra({ migrations: { missing: ['catalog-2'], changed: ['catalog-1'], unknown: ['catalog-9'] } })).toEqual(['problem: migrations were changed after they had run: catalog-1', 'problem: migrations have not run: catalog-2', 'note: migrations of a newer version have run: catalog-9'])
  })

  const NEEDED: readonly (readonly [string, string])[] = [['cleanup.policy', 'delete'], ['retention.ms', '-1'], ['retention.bytes', '-1'], ['unclean.leader.election.enable', 'false'], ['min.insync.replicas', '2']]
  const partition = (index: number, change = {}): KafkaFacts['topics'][number]['partitions'][number] => ({ partition: index, hasLeader: true, replicas: 3, inSync: 3, ...change })
  const topic = (name: string, change: Partial<KafkaFacts['topics'][number]> = {}): KafkaFacts['topics'][number] => ({ name, partitions: [partition(0), partition(1)], settings: new Map(NEEDED), ...change })
  const others = [topic(TOPICS.routed), topic(TOPICS.commits), topic(TOPICS.deadLetters)]
  const illsOfKafka = (change: Partial<KafkaFacts>, topics: typeof TOPICS | undefined = TOPICS): readonly string[] => ills((notes) => { checkKafka(notes, { brokers: 3, makesTopics: false, topics: [topic(TOPICS.batches), ...others], ...change }, topics, SETTINGS) })

  it('finds what is wrong with Kafka', () => {
    expect(illsOfKafka({})).toEqual([])
    expect(illsOfKafka({ brokers: 2 })).toEqual(['problem: 2 brokers for 3 copies'])
    expect(illsOfKafka({ makesTopics: true })).toEqual(['note: topics make themselves'])
    expect(illsOfKafka({ topics: others })).toEqual(['problem: there is no topic batches-g1'])
    const broken: readonly (readonly [Partial<KafkaFacts['topics'][number]>, string])[] = [
      [{ partitions: [partition(0)] }, 'problem: batches-g1 has 1 partition instead of 2'],
      [{ partitions: [partition(0), partition(1, { hasLeader: false, inSync: 0 })] }, 'problem: 1 partition of batches-g1 without a leader'],
      [{ partitions: [partition(0, { inSync: 2 }), partition(1, { inSync: 2 })] }, 'problem: 2 partitions of batches-g1 with a copy that is not in sync'],
      [{ settings: new Map([...NEEDED, ['retention.ms', '604800000']]) }, 'problem: batches-g1 has retention.ms=604800000'],
      [{ settings: new Map([...NEEDED, ['unclean.leader.election.enable', 'true']]) }, 'problem: batches-g1 has unclean.leader.election.enable=true'],
      [{ settings: new Map([...NEEDED, ['min.insync.replicas', '1']]) }, 'note: batches-g1 has 3 copies and min.insync.replicas=1, and the settings say 3 and 2'],
    ]
    for (const [change, ill] of broken) expect(illsOfKafka({ topics: [topic(TOPICS.batches, change), ...others] })).toEqual([ill])
  })

  it('finds what is wrong with Elasticsearch and Redis', () => {
    const elasticsearch: ElasticsearchFacts = { version: '9.5.1', health: 'green', dataNodes: 3, indices: 6, template: { shards: 1, replicas: 0, forbidsAutoCreation: true } }
    const illsOf = (change: Partial<ElasticsearchFacts>): readonly string[] => ills((notes) => { checkElasticsearch(notes, { ...elasticsearch, ...change }, SETTINGS) })
    expect([illsOf({}), illsOf({ health: 'red' }), illsOf({ health: 'yellow' }), illsOf({ template: undefined })]).toEqual([[], ['problem: its health is red'], ['note: its health is yellow'], ['problem: there is no index template millrace-v1-template']])
    expect(illsOf({ template: { shards: 1, replicas: 0, forbidsAutoCreation: false } })).toEqual(['problem: index template millrace-v1-template allows automatic creation'])
    expect(illsOf({ template: { shards: 4, replicas: 0, forbidsAutoCreation: true } })).toEqual(['note: the index template has 4 shards and 0 copies, and the settings say 1 and 0'])
    const redis: RedisFacts = { ...ON_TIME, version: '7.4.1', maxMemoryBytes: 256e6, usedMemoryBytes: 2e6, evictionPolicy: 'volatile-lru', isPersistent: false }
    const illsOfRedis = (change: Partial<RedisFacts>): readonly string[] => ills((notes) => { checkRedis(notes, { ...redis, ...change }) })
    expect([illsOfRedis({}), illsOfRedis({ maxMemoryBytes: 0 }), illsOfRedis({ evictionPolicy: 'noeviction' }), illsOfRedis({ isPersistent: true })]).toEqual([[], ['problem: its memory has no bound'], ['problem: it evicts nothing (maxmemory-policy noeviction)'], ['note: it writes an append-only file']])
  })

  it('takes no clock for wrong that may be right', () => {
    const off = (clockAheadMs: number, clockErrorMs: number): number => ills((notes) => { checkClock(notes, 'Redis', { clockAheadMs, clockErrorMs }) }).length
    expect([off(49, 0), off(-49, 0), off(140, 100), off(51, 0), off(-151, 100)]).toEqual([0, 0, 0, 1, 1])
  })

  it('reads how many files may be open', () => {
    const limits = (soft: string): string => `Limit                     Soft Limit           Hard Limit           Units\nMax open files            ${soft.padEnd(20)} 1048576              files\n`
    const count = (text: string): number => ills((notes) => { checkOpenFiles(notes, text) }).length
    expect([count(limits('1024')), count(limits('65536')), count(limits('unlimited')), count('')]).toEqual([1, 0, 0, 0])
  })

  it('says of engines that are away why, and how to mend it, and ends with 1', async () => {
    const nowhere = '127.0.0.1:1'
    const environment = { MILLRACE_KAFKA_BROKERS: nowhere, MILLRACE_CASSANDRA_CONTACT_POINTS: nowhere, MILLRACE_ELASTICSEARCH_NODES: `http://${nowhere}`, MILLRACE_REDIS_ADDRESS: nowhere, MILLRACE_URL: `http://${nowhere}`, MILLRACE_LOG_LEVEL: 'silent' }
    const out: string[] = []
    const about: string[] = []
    const surroundings = { clock: systemClock, random: systemRandom, signal: new AbortController().signal, print: (line: string) => out.push(line), remark: (line: string) => about.push(line) }
    expect(await runCli(['doctor', '--json'], { environment, ...surroundings })).toBe('error')
    const { findings, problems } = JSON.parse(out.splice(0).join('\n')) as { readonly findings: readonly Finding[]; readonly problems: number }
    expect(problems).toBe(5)
    for (const area of ['cassandra', 'kafka', 'elasticsearch', 'redis', 'gateway']) {
      expect(findings.filter((finding) => finding.area === area && finding.state === 'problem')).toEqual([expect.objectContaining({ cause: expect.stringMatching(/127\.0\.0\.1:1|ECONNREFUSED|refused|no answer/i) as unknown, fix: expect.stringContaining('MILLRACE_') as unknown })])
    }
    expect(await runCli(['doctor', 'settings', 'redis'], { environment: { MILLRACE_KAFKA_BROKER: 'x' }, ...surroundings })).toBe('error')
    expect(out.join('\n')).toMatch(/^PROBLEM {2}settings {7}the settings are wrong\n +because: .*MILLRACE_KAFKA_BROKERS/)
    expect(about.at(-1)).toBe('2 problems')
    expect(await runCli(['doctor', 'gatway'], { environment, ...surroundings })).toBe('usage')
  }, 60_000)
})
