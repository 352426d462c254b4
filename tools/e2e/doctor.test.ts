import { addressOf, describeOnAll } from '@millrace/simulator/describe-on'
import { systemRandom } from '@millrace/runtime/system-random'
import { runMillrace } from './run-millrace.ts'
import { START_TIMEOUT_MS } from './test-system.ts'

interface Finding {
  readonly area: string
  readonly state: string
  readonly what: string
}

describeOnAll('millrace doctor on engines', () => {
  it('finds that nothing was migrated, and afterwards that all is there', async () => {
    const name = `doctor${systemRandom.text(8)}`
    const environment = {
      MILLRACE_KAFKA_BROKERS: addressOf('kafka'), MILLRACE_CASSANDRA_CONTACT_POINTS: addressOf('cassandra'), MILLRACE_ELASTICSEARCH_NODES: addressOf('elasticsearch'), MILLRACE_REDIS_ADDRESS: addressOf('redis'),
      MILLRACE_CASSANDRA_KEYSPACE: name, MILLRACE_ELASTICSEARCH_PREFIX: name, MILLRACE_REDIS_PREFIX: `${name}:`, MILLRACE_LOG_LEVEL: 'silent',
    }
    const look = async (): Promise<readonly Finding[]> => (JSON.parse((await runMillrace('doctor cassandra kafka elasticsearch redis --json', environment)).out) as { readonly findings: readonly Finding[] }).findings
    const illsOf = (findings: readonly Finding[], ...areas: readonly string[]): readonly string[] => findings.filter(({ area, state }) => areas.includes(area) && state === 'problem').map(({ what }) => what)
    expect(illsOf(await look(), 'cassandra', 'elasticsearch')).toEqual([`there is no keyspace ${name}`, `there is no index template ${name}-v1-template`])
    expect((await runMillrace('migrate', environment)).code).toBe('ok')
    const findings = await look()
    expect(illsOf(findings, 'cassandra', 'kafka', 'elasticsearch')).toEqual([])
    expect(findings.filter(({ area, what }) => area === 'kafka' && what.includes(': 4 partitions, 1 copy, all in sync'))).toHaveLength(4)
    expect(findings).toContainEqual({ area: 'cassandra', state: 'ok', what: 'all migrations of this version have run' })
    expect(findings.some(({ area }) => area === 'redis')).toBe(true)
  }, START_TIMEOUT_MS)
})
