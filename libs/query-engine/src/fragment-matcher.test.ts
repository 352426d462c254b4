import { encodeFragment } from '@millrace/fragment/encode-fragment'
import { tableOf } from '@millrace/fragment/plain-rows'
import { parseQuery } from '@millrace/query-language/parse-query'
import { systemClock } from '@millrace/runtime/system-clock'
import fc from 'fast-check'
import { DAY_ZERO_NS, place, someEvents, someQuery } from './arbitrary-events.ts'
import { createFragmentMatcher, type ArrivedFragment } from './fragment-matcher.ts'
import { TENANT } from './memory-ports.ts'
import { naiveMatches, type NaiveEvent } from './naive-search.ts'
import { openQueryEngine } from './open-query-engine.ts'
import { BadPatternError } from './query-engine.ts'

const never = new AbortController().signal

/** As intake makes it: rows in the order of the request, without the place of the batch. */
function arrivedOf(events: readonly NaiveEvent[]): ArrivedFragment {
  const rows = events.map(({ id, timestampNs, values }) => ({ timeOffset: Number(timestampNs - DAY_ZERO_NS), values: new Map([...values, ['_row', id.row] as const]) }))
  return { tenantId: TENANT, stream: 'g1/10', offset: 4, bytes: encodeFragment(tableOf(rows, { dayNs: DAY_ZERO_NS }), { purpose: 'fresh' }) }
}

describe('matching a fragment on its way', () => {
  it('finds the events that the same search finds later, with the same ids and texts', async () => {
    await fc.assert(fc.asyncProperty(someEvents, someQuery, async (some, filter) => {
      const events = some.filter(({ timestampNs }) => timestampNs < DAY_ZERO_NS * 2n).map((event, row): NaiveEvent => ({ ...event, timestampNs: DAY_ZERO_NS + (event.timestampNs % 1_000_000_000n), id: { generation: 'g1', partition: 10, offset: 4, row } }))
      const { events: found, leftOut } = await createFragmentMatcher(filter, systemClock).match(arrivedOf(events), 1000, never)
      expect(found.map(({ id }) => id.row)).toEqual(events.filter((event) => naiveMatches(filter, event)).map(({ id }) => id.row))
      expect(leftOut).toBe(0)
      const { catalog, store, index } = place(events, { fragmentOf: [0], isSealed: [true], isSorted: true, asText: false })
      const stored = await openQueryEngine({ catalog, store, index, clock: systemClock }).list({ tenantId: TENANT, kind: 'log', fromNs: 0n, toNs: DAY_ZERO_NS * 2n, filter, streams: ['g1/0'], order: 'asc', limit: 1000 }, never)
      expect(found.toSorted((a, b) => a.id.row - b.id.row)).toEqual(stored.events.toSorted((a, b) => a.id.row - b.id.row))
    }), { numRuns: 100 })
  })

  it('renders a bounded number, and counts the others', async () => {
    const events = Array.from({ length: 100 }, (_, row): NaiveEvent => ({ id: { generation: 'g1', partition: 10, offset: 4, row }, timestampNs: DAY_ZERO_NS + BigInt(row), values: new Map([['message', row % 2 === 0 ? 'disk full' : 'fine']]) }))
    const { events: found, leftOut } = await createFragmentMatcher(parseQuery('disk'), systemClock).match(arrivedOf(events), 3, never)
    expect({ rows: found.map(({ id }) => id.row), leftOut }).toEqual({ rows: [0, 2, 4], leftOut: 47 })
  })

  it('refuses a wrong pattern before there is anything to match, and bytes that are none', async () => {
    expect(() => createFragmentMatcher(parseQuery('message:~"("'), systemClock)).toThrow(BadPatternError)
    await expect(createFragmentMatcher(parseQuery('*'), systemClock).match({ tenantId: TENANT, stream: 'g1/0', offset: 0, bytes: new Uint8Array(40) }, 10, never)).rejects.toMatchObject({ name: 'FragmentCorruptError' })
  })
})
