import { parseQuery } from '@millrace/query-language/parse-query'
import { DAY_ZERO_NS } from './arbitrary-events.ts'
import { INDEX_UUID, MemoryPorts, TENANT, type PlaceOptions } from './memory-ports.ts'
import { planQuery } from './plan-query.ts'
import type { Question } from './query-engine.ts'

const questionFor = (search: string): Question => ({ tenantId: TENANT, kind: 'log', fromNs: 0n, toNs: DAY_ZERO_NS * 2n, filter: parseQuery(search), streams: ['g1/0'] })

/** One fragment for each: of an index or of none, and with its message. */
function portsWith(...fragments: readonly (readonly [message: string, place: PlaceOptions])[]): MemoryPorts {
  const ports = new MemoryPorts()
  fragments.forEach(([message, place], row) => {
    ports.addEvents([{ id: { generation: 'g1', partition: 0, offset: 0, row }, timestampNs: DAY_ZERO_NS + BigInt(row), values: new Map([['message', message]]) }], place)
  })
  return ports
}

/** Which of the fragments a plan has, by the time of their only event. */
async function planned(ports: MemoryPorts, search: string): Promise<readonly number[]> {
  const { fragments } = await planQuery(ports.catalog, ports.index, questionFor(search), [TENANT])
  return fragments.map(({ minTimeOffset }) => minTimeOffset).sort()
}

const twoIndices = (): MemoryPorts => portsWith(['disk full', { indexUuid: 'a' }], ['all well', { indexUuid: 'a' }], ['disk full', { indexUuid: 'b' }], ['all well', { indexUuid: 'b' }], ['all well', { isIndexed: false }], ['all well', { isSealed: false }])

describe('planning a query', () => {
  it('has what is kept for fewer days, and nothing of a tenant whose name looks alike', async () => {
    const ports = portsWith(['disk full', {}], ['disk full', { tenantId: `${TENANT}~3` }], ['all well', { tenantId: `${TENANT}~3` }], ['disk full', { tenantId: `${TENANT}~3`, isSealed: false }], ['disk full', { tenantId: 'other~3' }])
    ports.answeringIndexes = new Set([INDEX_UUID])
    const { fragments } = await planQuery(ports.catalog, ports.index, questionFor('disk'), [TENANT, `${TENANT}~3`])
    expect(fragments.map(({ minTimeOffset }) => minTimeOffset).sort()).toEqual([0, 1, 3])
  })

  it('leaves out what an index holds and does not name', async () => {
    const ports = twoIndices()
    ports.answeringIndexes = new Set(['a', 'b'])
    expect(await planned(ports, 'disk')).toEqual([0, 2, 4, 5])
  })

  it('keeps all of an index that did not answer in full, named or not', async () => {
    const ports = twoIndices()
    ports.answeringIndexes = new Set(['b'])
    ports.words.clear()
    expect(await planned(ports, 'disk')).toEqual([0, 1, 4, 5])
  })

  it('keeps all where every index that held them has vanished, or others have come in their place', async () => {
    const ports = twoIndices()
    ports.answeringIndexes = new Set(['c'])
    expect(await planned(ports, 'disk')).toEqual([0, 1, 2, 3, 4, 5])
    ports.answeringIndexes = new Set()
    expect(await planned(ports, 'disk')).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('keeps all while the index is unavailable', async () => {
    const ports = twoIndices()
    ports.isIndexUp = false
    expect(await planned(ports, 'disk')).toEqual([0, 1, 2, 3, 4, 5])
  })

  it('does not ask for a search without words, or over fragments of which none is indexed', async () => {
    const unasked = (ports: MemoryPorts): MemoryPorts => Object.defineProperty(ports, 'index', { value: { find: () => { throw new Error('asked') } } })
    expect(await planned(unasked(twoIndices()), 'status:error')).toEqual([0, 1, 2, 3, 4, 5])
    expect(await planned(unasked(portsWith(['disk full', { isIndexed: false }], ['all well', { isSealed: false }])), 'disk')).toEqual([0, 1])
    await expect(planned(unasked(twoIndices()), 'disk')).rejects.toThrow('asked')
  })
})
