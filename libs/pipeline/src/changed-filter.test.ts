import { encodeFragment } from '@millrace/fragment/encode-fragment'
import { tableOf, type PlainValue } from '@millrace/fragment/plain-rows'
import { openFragmentBytes } from '@millrace/fragment/read-fragment'
import { compileFilter } from '@millrace/query-engine/filters/compile-filter'
import { DAY_ZERO_NS, someEvents, someQuery } from '@millrace/query-engine/arbitrary-events'
import { naiveMatches } from '@millrace/query-engine/naive-search'
import { systemClock } from '@millrace/runtime/system-clock'
import fc from 'fast-check'
import type { CompiledPipeline } from './compile-pipelines.ts'
import type { Draft } from './draft.ts'
import { runPipelines } from './run-pipelines.ts'
import { WorkBudget } from './work-budget.ts'

interface Change {
  readonly name: string
  readonly row: number
  readonly value: PlainValue | undefined
}

const someName = fc.constantFrom('message', 'status', 'service', 'tags', 'trace_id', '@n', '@a.b', '@a', '@absent')
const someValue = fc.constantFrom<PlainValue | undefined>(undefined, undefined, 'disk', 'ERROR', 'web', '', 'env:prod,team:core', 'disk quota exceeded', '500', 500, 2.5, true, null, { json: '["web","api"]' }, { json: '[]' }, { numeral: '12345678901234567890' })
const someChanges: fc.Arbitrary<readonly Change[]> = fc.array(fc.record({ name: someName, row: fc.nat(39), value: someValue }), { maxLength: 15 })

/** Makes the changes whatever the row. */
function changing(changes: readonly Change[]): CompiledPipeline['processors'][number] {
  return { condition: undefined, processor: { type: 'set', open: async (draft: Draft) => {
    for (const { name } of changes) await draft.load(name)
    return (row) => {
      for (const change of changes) if (change.row === row) draft.put(change.name, row, change.value)
      return 'changed'
    }
  } } }
}

describe('a filter of a pipeline', () => {
  it('finds the events, as the ones before have left them, that the same search would find among them', async () => {
    await fc.assert(fc.asyncProperty(someEvents, fc.array(fc.tuple(someChanges, someQuery), { minLength: 1, maxLength: 4 }), fc.boolean(), async (events, steps, asText) => {
      const values = events.map((event) => new Map(event.values))
      const wanted: number[][] = []
      for (const [changes, query] of steps) {
        for (const { name, row, value } of changes) {
          if (value === undefined) values[row]?.delete(name)
          else values[row]?.set(name, value)
        }
        wanted.push(events.flatMap((event, row) => (naiveMatches(query, { ...event, values: values[row] ?? new Map() }) ? [row] : [])))
      }
      const found: number[][] = steps.map(() => [])
      const processors = steps.flatMap(([changes, query], step) => [changing(changes), {
        condition: compileFilter(query), processor: { type: 'drop', open: () => Promise.resolve((row: number) => {
          found[step]?.push(row)
          return 'same' as const
        }) },
      }])
      const bytes = encodeFragment(tableOf(events.map(({ values: of }) => ({ timeOffset: 0, values: of })), { dayNs: DAY_ZERO_NS, asText }))
      await runPipelines([{ name: 'p', filter: undefined, sparesVerbatim: false, processors }], openFragmentBytes(bytes), { stream: 's', offset: 0, work: new WorkBudget(), oldestNs: 0n, newestNs: 0n }, { clock: systemClock })
      expect(found).toEqual(wanted)
    }), { numRuns: 300 })
  })
})
