import { encodeFragment } from '@millrace/fragment/encode-fragment'
import { stringsFrom } from '@millrace/fragment/strings'
import type { Column } from '@millrace/fragment/table'
import { openFragmentBytes } from '@millrace/fragment/read-fragment'
import { Draft, MAX_ADDED_NAMES } from './draft.ts'

const ROWS = 65_536

function wideDraft(names: number): Draft {
  const columns = Array.from({ length: names }, (_, at): Column => ({ layout: 'dictionary', name: `@k${at}`, type: 'string', codes: new Uint8Array(ROWS).fill(1, at, at + 1), dictionary: stringsFrom(['x']) }))
  return new Draft(openFragmentBytes(encodeFragment({ rows: ROWS, dayNs: 0n, timeOffsets: new Float64Array(ROWS), columns }, { purpose: 'fresh' })))
}

describe('a draft', () => {
  it('keeps no room for the rows that have no value', async () => {
    const draft = wideDraft(3)
    for (const [at, name] of draft.names.entries()) expect(Object.entries(await draft.load(name))).toEqual([[String(at), 'x']])
    expect(Object.keys(await draft.load('@none'))).toEqual([])
  })

  it('takes fewer new names the more rows it has', () => {
    const draft = wideDraft(1)
    const taken = Array.from({ length: MAX_ADDED_NAMES }, (_, at) => draft.put(`@new${at}`, ROWS - 1, at)).filter(Boolean)
    expect(taken).toHaveLength(256)
    // One message may bring tens of thousands that are refused.
    expect(draft.at('@refused')).toEqual([])
  })

  it('makes only those columns again that have changed', async () => {
    const draft = wideDraft(1)
    draft.put('@a', 5, 'one')
    draft.put('@b', 6, 'two')
    const [before] = await (await draft.asFragment()).readNamed('@a')
    draft.put('@b', 7, 'three')
    const fragment = await draft.asFragment()
    expect((await fragment.readNamed('@a'))[0]).toBe(before)
    expect((await fragment.readNamed('@b'))[0]).toMatchObject({ layout: 'dictionary' })
    expect(Object.entries(await draft.load('@b'))).toEqual([['6', 'two'], ['7', 'three']])
  })
})
