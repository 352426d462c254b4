import { NS_PER_DAY } from '@millrace/event/event'
import fc from 'fast-check'
import { IndexUnavailableError, type FragmentDocument, type FragmentIndex, type FragmentQuery } from './fragment-index.ts'

/** The contract of {@link FragmentIndex}, run by every adapter's own test file. `open` gives a new, empty index. */
export function describeFragmentIndex(name: string, open: () => Promise<FragmentIndex>): void {
  describe(`${name} keeps the FragmentIndex contract`, () => {
    it('finds exactly the fragments that hold all words, and those without a list of words', async () => {
      await using index = await open()
      let run = 0
      const words = fc.uniqueArray(fc.constantFrom('error', 'timeout', 'é', '日本', 'a-b', "o'neil", '"', 'and', 'or', 'near', '*', 'a\u3000b', '\u{1f600}', 'x'.repeat(300)), { maxLength: 6 })
      await fc.assert(
        fc.asyncProperty(fc.array(fc.option(words, { nil: undefined }), { maxLength: 8 }), words, async (documents, wanted) => {
          const tenantId = `t${++run}`
          await index.put(documents.map((each, i) => document({ tenantId, rowId: `r${i}`, words: each })))
          const expected = documents.flatMap((each, i) => (each === undefined || wanted.every((word) => each.includes(word)) ? [`r${i}`] : []))
          expect([...(await found(index, { tenantId, words: wanted }))].sort()).toEqual(expected)
        }),
        { numRuns: 30 },
      )
    })

    it('answers nothing of another tenant or kind', async () => {
      await using index = await open()
      await index.put([document({ rowId: 'a' }), document({ rowId: 'b', tenantId: 'other' }), document({ rowId: 'c', kind: 'span' }), document({ rowId: 'd', tenantId: 'other', words: undefined })])
      expect(await found(index)).toEqual(new Set(['a']))
    })

    it('leaves out fragments of another time, never one that overlaps', async () => {
      await using index = await open()
      await index.put([document({ rowId: 'before', minTimeNs: 0n, maxTimeNs: 99n }), document({ rowId: 'edge', minTimeNs: 0n, maxTimeNs: 100n }), document({ rowId: 'inside', minTimeNs: 120n, maxTimeNs: 130n }), document({ rowId: 'around', minTimeNs: 0n, maxTimeNs: 1000n }), document({ rowId: 'after', minTimeNs: 201n, maxTimeNs: 300n })])
      expect(await found(index, { fromNs: 100n, toNs: 200n })).toEqual(new Set(['edge', 'inside', 'around']))
    })

    it('takes times of any year to the nanosecond', async () => {
      await using index = await open()
      await index.put([document({ dayNs: 20_416n * NS_PER_DAY, minTimeNs: 1_764_000_000_000_000_001n, maxTimeNs: 1_764_000_000_000_000_001n })])
      expect(await found(index, { fromNs: 1_764_000_000_000_000_001n, toNs: 1_764_000_000_000_000_002n })).toEqual(new Set(['row']))
      expect(await found(index, { fromNs: 1_764_000_000_000_000_002n, toNs: 1_764_000_000_000_000_003n })).toEqual(new Set())
    })

    it('finds documents of all days that a time range touches, also where it has no end', async () => {
      await using index = await open()
      const days = [-1n, 0n, 3n, 4n, 364n, 20_416n, 106_000n, 200_000n]
      const uuids = await index.put(days.map((day) => document({ rowId: `d${day}`, dayNs: day * NS_PER_DAY, minTimeNs: day * NS_PER_DAY + 5n, maxTimeNs: day * NS_PER_DAY + 9n })))
      const endless = await index.find(query({ fromNs: -(2n ** 70n), toNs: 2n ** 70n }))
      expect(endless).toEqual({ rowIds: new Set(days.map((day) => `d${day}`)), indexes: new Set(uuids) })
      for (const day of days) {
        const hits = await index.find(query({ fromNs: day * NS_PER_DAY, toNs: day * NS_PER_DAY + 5n }))
        expect(hits.rowIds).toContain(`d${day}`)
        expect(hits.indexes).toContain(uuids[days.indexOf(day)])
      }
      expect((await found(index, { fromNs: 3n * NS_PER_DAY, toNs: 4n * NS_PER_DAY }))).toEqual(new Set(['d3']))
    })

    it('tells which index holds a document, and that it answered', async () => {
      await using index = await open()
      const [a, b, again] = [...(await index.put([document({ rowId: 'a' }), document({ rowId: 'b', words: ['other'] })])), ...(await index.put([document({ rowId: 'a' })]))]
      expect([typeof a, b, again]).toEqual(['string', a, a])
      expect(await index.find(query())).toEqual({ rowIds: new Set(['a']), indexes: new Set([a]) })
      expect(await index.find(query({ words: ['absent'] }))).toEqual({ rowIds: new Set(), indexes: new Set([a]) })
      expect(await index.uuids()).toContain(a)
    })

    it('replaces a document that is put again', async () => {
      await using index = await open()
      await index.put([document({ words: ['old', 'both'] })])
      await index.put([document({ words: ['new', 'both'] })])
      await index.put([document({ words: ['new', 'both'] })])
      expect([await found(index, { words: ['old'] }), await found(index, { words: ['new'] }), await found(index, { words: ['both'] })]).toEqual([new Set(), new Set(['row']), new Set(['row'])])
    })

    it('forgets what is removed, and nothing else', async () => {
      await using index = await open()
      await index.put([document({ rowId: 'a' }), document({ rowId: 'b', words: undefined }), document({ rowId: 'c' }), document({ rowId: 'a', tenantId: 'other' })])
      await index.remove([document({ rowId: 'a' }), document({ rowId: 'b' }), document({ rowId: 'unknown' }), document({ rowId: 'never', dayNs: 50n * NS_PER_DAY })])
      expect(await found(index)).toEqual(new Set(['c']))
      expect(await found(index, { tenantId: 'other' })).toEqual(new Set(['a']))
    })

    it('keeps documents from a day on when those before it are forgotten', async () => {
      await using index = await open()
      const onDay = (day: bigint): FragmentDocument => document({ rowId: `d${day}`, dayNs: day * NS_PER_DAY, minTimeNs: day * NS_PER_DAY, maxTimeNs: day * NS_PER_DAY + 9n })
      await index.put([onDay(20_000n), onDay(20_400n), onDay(20_399n)])
      await index.removeBefore(20_400n * NS_PER_DAY)
      const left = await found(index, { toNs: 30_000n * NS_PER_DAY })
      expect(left).toContain('d20400')
      expect(left).not.toContain('d20000')
      await index.removeBefore(20_400n * NS_PER_DAY)
    })

    it('takes no documents, and forgets none', async () => {
      await using index = await open()
      expect(await index.put([])).toEqual([])
      await index.remove([])
      expect(await found(index)).toEqual(new Set())
    })

    it('answers that it is unavailable once it is closed', async () => {
      const index = await open()
      await index[Symbol.asyncDispose]()
      await expect(index.find(query())).rejects.toThrow(IndexUnavailableError)
      await expect(index.put([document()])).rejects.toThrow(IndexUnavailableError)
      await expect(index.remove([document()])).rejects.toThrow(IndexUnavailableError)
      await expect(index.uuids()).rejects.toThrow(IndexUnavailableError)
    })
  })
}

export function document(part: Partial<FragmentDocument> = {}): FragmentDocument {
  return { tenantId: 't', kind: 'log', dayNs: 0n, rowId: 'row', minTimeNs: 0n, maxTimeNs: 1000n, words: ['error'], ...part }
}

export function query(part: Partial<FragmentQuery> = {}): FragmentQuery {
  return { tenantId: 't', kind: 'log', fromNs: 0n, toNs: 1000n, words: ['error'], ...part }
}

async function found(index: FragmentIndex, part: Partial<FragmentQuery> = {}): Promise<ReadonlySet<string>> {
  return (await index.find(query(part))).rowIds
}
