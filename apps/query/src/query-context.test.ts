import { ManualClock } from '@millrace/simulator/manual-clock'
import { Registry } from '@millrace/telemetry/metrics'
import { completenessOf } from './query-context.ts'
import { createQueryMetrics } from './query-metrics.ts'

describe('the completeness of answers', () => {
  it('is counted: how far behind they are, and why they are incomplete', async () => {
    const clock = new ManualClock(1_000_000)
    const registry = new Registry()
    const metrics = createQueryMetrics(registry)
    const answer = (untilMs: number | undefined, reasons: readonly string[] = []): boolean => {
      const missing = reasons.map((reason) => ({ reason, detail: '' }))
      return completenessOf({ clock, metrics, frontier: { completeUntilMs: () => untilMs } }, { complete: reasons.length === 0, missing, positions: new Map() }).complete
    }
    expect([answer(999_800), answer(996_000), answer(980_000), answer(undefined), answer(999_800, ['unreadable', 'unreadable'])]).toEqual([true, true, false, false, false])
    const counted = await registry.metrics()
    const atMost = (seconds: string): string | undefined => new RegExp(`^millrace_query_behind_seconds_bucket\\{le="${seconds}"\\} (\\d+)$`, 'm').exec(counted)?.[1]
    expect(['0.1', '0.25', '5', '30', '60', '300'].map(atMost)).toEqual(['0', '2', '3', '4', '4', '5'])
    expect(counted).toContain('millrace_query_incomplete_total{reason="behind"} 2\n')
    expect(counted).toContain('millrace_query_incomplete_total{reason="unreadable"} 1\n')
  })
})
