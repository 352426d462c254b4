import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemRandom } from '@millrace/runtime/system-random'
import type { ExitCode } from '../exit-code.ts'
import { runCli } from '../run-cli.ts'
import { amountText, parseAmount } from './amount-text.ts'
import { FIGURES } from './figures.ts'
import { planCapacity, type CapacityPlan, type CapacityQuestion } from './plan-capacity.ts'

const ROOT = join(import.meta.dirname, '../../../..')
const QUESTION: CapacityQuestion = { eventsPerSecond: 1e6, averageEventsPerSecond: 1e6, eventBytes: 450, eventsPerRequest: 1000, retentionDays: 30, replication: 3, largestTenantEventsPerSecond: 0, questionsPerSecond: 5, questionEvents: 2e6 }

async function run(line: string): Promise<{ readonly code: ExitCode; readonly out: string; readonly about: string }> {
  const out: string[] = []
  const about: string[] = []
  const code = await runCli(line.split(' '), { environment: {}, clock: systemClock, random: systemRandom, signal: new AbortController().signal, print: (text) => out.push(text), remark: (text) => about.push(text) })
  return { code, out: out.join('\n'), about: about.join('\n') }
}

describe('a plan of capacity', () => {
  it('has as many installations as its first limit asks for, and none is above it', () => {
    for (const eventsPerSecond of [1e3, 1e4, 14_336_000, 14_336_001, 1e8, 1e9]) {
      const { installations, limits } = planCapacity({ ...QUESTION, eventsPerSecond, averageEventsPerSecond: eventsPerSecond })
      expect(limits[0]).toEqual({ name: '1024 partitions', eventsPerSecond: 14_336_000 })
      expect([eventsPerSecond, installations]).toEqual([eventsPerSecond, Math.ceil(eventsPerSecond / 14_336_000)])
    }
    expect(planCapacity({ ...QUESTION, eventsPerRequest: 10 }).limits[0]).toEqual({ name: 'one Redis', eventsPerSecond: 225_000 })
    expect(planCapacity({ ...QUESTION, retentionDays: 365 }).limits[0]?.name).toBe('1000 Cassandra nodes')
  })

  it('grows with each thing that is asked of it, and never shrinks', () => {
    const sizeOf = ({ apps, engines, partitions, installations }: CapacityPlan): readonly number[] => [partitions, ...apps.map(({ replicas }) => replicas), ...engines.flatMap(({ nodes, diskBytes }) => [nodes, diskBytes]), installations]
    const before = sizeOf(planCapacity(QUESTION))
    const more: readonly Partial<CapacityQuestion>[] = [{ eventsPerSecond: 3e6 }, { averageEventsPerSecond: 1e6, retentionDays: 60 }, { eventBytes: 900 }, { replication: 5 }, { questionsPerSecond: 500 }]
    for (const change of more) {
      const after = sizeOf(planCapacity({ ...QUESTION, ...change }))
      expect([change, after.every((size, index) => size >= (before[index] ?? 0)), after.some((size, index) => size > (before[index] ?? 0))]).toEqual([change, true, true])
    }
  })

  it('agrees with what operators are told for 10,000 events a second', async () => {
    const plan = planCapacity({ ...QUESTION, eventsPerSecond: 1e4, averageEventsPerSecond: 1e4, eventBytes: 456 })
    const cassandra = plan.engines.find(({ name }) => name === 'Cassandra')
    expect([plan.partitions, Math.round((cassandra?.diskBytes ?? 0) / 1e12), plan.apps.filter(({ name }) => name !== 'query').reduce((sum, { busyCores }) => sum + busyCores, 0).toFixed(2)]).toEqual([4, 6, '0.33'])
    expect(await readFile(join(ROOT, 'docs/operations.md'), 'utf8')).toContain('0.34 cores busy')
  })

  it('stands on figures that are in the pages they name', async () => {
    const derived = ['questionCpu', 'queryIdleCpu', 'indexBytes'] // from several there; their pages are checked all the same
    for (const [name, { value, source }] of Object.entries(FIGURES)) {
      const page = await readFile(join(ROOT, source.split(',')[0] ?? ''), 'utf8')
      if (!derived.includes(name)) expect([name, new RegExp(`(?<![\\d.,])${value.toLocaleString('en-US').replace('.', '\\.')}(?![\\d,]\\d|\\.\\d)`).test(page)]).toEqual([name, true])
    }
  })

  it('is the table of docs/design/capacity.md', async () => {
    const page = await readFile(join(ROOT, 'docs/design/capacity.md'), 'utf8')
    const [, table] = /<!-- millrace capacity --table -->\n(.*?)\n<!-- end -->/s.exec(page) ?? []
    expect(table).toBe((await run('capacity --table')).out)
  })
})

describe('millrace capacity', () => {
  it('answers people and programs', async () => {
    const text = await run('capacity --events-per-second 1e9 --event-bytes 450 --retention-days 30 --replication 3')
    expect(text.code).toBe('ok')
    expect(text.out).toContain('70 installations, of 14.3 M events/s each')
    expect(text.out).toContain('first limit: 1024 partitions, at 14.3 M events/s an installation')
    const { question, plan, figures } = JSON.parse((await run('capacity --events-per-second 100k --json')).out) as { readonly question: CapacityQuestion; readonly plan: CapacityPlan; readonly figures: typeof FIGURES }
    expect([plan, figures]).toEqual([planCapacity(question), FIGURES])
    const split = await run('capacity --largest-tenant 100k')
    expect([split.code, split.about]).toEqual(['error', 'a tenant goes to 2 partitions and gets 28000 events/s at most: divide the largest into 4 tenants'])
    for (const line of ['capacity --event-bytes 0', 'capacity --event-bytes many', 'capacity --replication 1.5', 'capacity --average-events-per-second 1M', 'capacity 5', 'capacity --events-per-second 1e13']) expect([line, (await run(line)).code]).toEqual([line, 'usage'])
  })

  it('names copies in Elasticsearch where there are copies, and a heap for writers of many partitions', async () => {
    const elasticsearchOf = (replication: number): CapacityPlan['engines'][number] | undefined => planCapacity({ ...QUESTION, replication }).engines.find(({ name }) => name === 'Elasticsearch')
    const [one, three] = [elasticsearchOf(1), elasticsearchOf(3)]
    expect([three?.diskBytes, three?.busyCores]).toEqual([2 * (one?.diskBytes ?? 0), 2 * (one?.busyCores ?? 0)])
    const large = (await run('capacity --events-per-second 1M')).out
    expect(large).toContain('MILLRACE_ELASTICSEARCH_REPLICAS=1\n')
    // 15 partitions each: 4 GB, of which half a GB is not heap.
    expect(large).toContain('NODE_OPTIONS=--max-old-space-size=3337 ')
    const small = (await run('capacity --replication 1')).out
    expect(small).toContain('MILLRACE_ELASTICSEARCH_REPLICAS=0\n')
    expect(small).not.toContain('NODE_OPTIONS')
  })

  it('reads and writes amounts', () => {
    expect(['450', '10k', '1.5M', '1e9', '2G'].map(parseAmount)).toEqual([450, 10_000, 1_500_000, 1e9, 2e9])
    expect(['', '-1', '0', 'k', '1e', '1K', '1e400', ' 1'].map(parseAmount)).toEqual(Array(8).fill(undefined))
    expect([0, 0.63, 999, 1000, 14_336_000, 1e15, 123_456].map((value) => amountText(value))).toEqual(['0', '0.6', '999', '1 k', '14.3 M', '1 P', '123 k'])
  })
})
