import fc from 'fast-check'
import { IndexUnavailableError, type FragmentDocument, type FragmentIndex, type FragmentQuery } from './fragment-index.ts'

/** The contract of {@link FragmentIndex}, run by every adapter's own test file. `open` gives a new, empty index. */
export function describeFragmentIndex(name: string, open: () => Promise<FragmentIndex>): void {
  describe(`${name} keeps the FragmentIndex contract`, () => {
    it('finds exactly the fragments that hold all words, and those without a list of words', async () => {
      await using index = await open()
      let run = 0
      const words = fc.uniqueArray(fc.constantFrom('error', 'timeout', 'é', '日本', 'a-b', "o'neil", '"', 'and', 'or', 'near', '*', 'x'.repeat(300)), { maxLength: 6 })
      await fc.assert(
        fc.asyncProperty(fc.array(fc.option(words, { nil: undefined }), { maxLength: 8 }), words, async (documents, wanted) => {
          const tenantId = `t${++run}`
          await index.put(documents.map((each, i) => document({ tenantId, rowId: `r${i}`, words: each })))
          const expected = documents.flatMap((each, i) => (each === undefined || wanted.every((word) => each.includes(word)) ? [`r${i}`] : []))
          expect([...(await index.find(query({ tenantId, words: wanted })))].sort()).toEqual(expected)
        }),
        { numRuns: 30 },
      )
    })

    it('answers nothing of another tenant or kind', async () => {
      await using index = await open()
      await index.put([document({ rowId: 'a' }), document({ rowId: 'b', tenantId: 'other' }), document({ rowId: 'c', kind: 'span' }), document({ rowId: 'd', tenantId: 'other', words: undefined })])
      expect(await index.find(query())).toEqual(new Set(['a']))
    })

    it('leaves out fragments of another time, never one that overlaps', async () => {
      await using index = await open()
      await index.put([document({ rowId: 'before', minTimeNs: 0n, maxTimeNs: 99n }), document({ rowId: 'edge', minTimeNs: 0n, maxTimeNs: 100n }), document({ rowId: 'inside', minTimeNs: 120n, maxTimeNs: 130n }), document({ rowId: 'around', minTimeNs: 0n, maxTimeNs: 1000n }), document({ rowId: 'after', minTimeNs: 201n, maxTimeNs: 300n })])
      expect(await index.find(query({ fromNs: 100n, toNs: 200n }))).toEqual(new Set(['edge', 'inside', 'around']))
    })

    it('takes times of any year to the nanosecond', async () => {
      await using index = await open()
      await index.put([document({ minTimeNs: 1_764_000_000_000_000_001n, maxTimeNs: 1_764_000_000_000_000_001n })])
      expect(await index.find(query({ fromNs: 1_764_000_000_000_000_001n, toNs: 1_764_000_000_000_000_002n }))).toEqual(new Set(['row']))
      expect(await index.find(query({ fromNs: 1_764_000_000_000_000_002n, toNs: 1_764_000_000_000_000_003n }))).toEqual(new Set())
    })

    it('replaces a document that is put again', async () => {
      await using index = await open()
      await index.put([document({ words: ['old', 'both'] })])
      await index.put([document({ words: ['new', 'both'] })])
      await index.put([document({ words: ['new', 'both'] })])
      expect([await index.find(query({ words: ['old'] })), await index.find(query({ words: ['new'] })), await index.find(query({ words: ['both'] }))]).toEqual([new Set(), new Set(['row']), new Set(['row'])])
    })

    it('forgets what is removed, and nothing else', async () => {
      await using index = await open()
      await index.put([document({ rowId: 'a' }), document({ rowId: 'b', words: undefined }), document({ rowId: 'c' }), document({ rowId: 'a', tenantId: 'other' })])
      await index.remove('t', ['a', 'b', 'unknown'])
      expect(await index.find(query())).toEqual(new Set(['c']))
      expect(await index.find(query({ tenantId: 'other' }))).toEqual(new Set(['a']))
    })

    it('answers that it is unavailable once it is closed', async () => {
      const index = await open()
      await index[Symbol.asyncDispose]()
      await expect(index.find(query())).rejects.toThrow(IndexUnavailableError)
      await expect(index.put([document()])).rejects.toThrow(IndexUnavailableError)
    })
  })
}

export function document(part: Partial<FragmentDocument> = {}): FragmentDocument {
  return { tenantId: 't', kind: 'log', rowId: 'row', minTimeNs: 0n, maxTimeNs: 1000n, words: ['error'], ...part }
}

export function query(part: Partial<FragmentQuery> = {}): FragmentQuery {
  return { tenantId: 't', kind: 'log', fromNs: 0n, toNs: 1000n, words: ['error'], ...part }
}
