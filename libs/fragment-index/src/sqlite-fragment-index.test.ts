import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemDisk } from '@millrace/runtime/system-disk'
import { systemRandom } from '@millrace/runtime/system-random'
import { describeFragmentIndex, document, query } from './fragment-index.conformance.ts'
import { MAX_DOCUMENT_WORDS, type FragmentIndex } from './fragment-index.ts'
import { openFragmentIndex } from './open-fragment-index.ts'

const newRoot = async (): Promise<string> => await mkdtemp(join(tmpdir(), 'index-'))
const open = async (root: string): Promise<FragmentIndex> => await openFragmentIndex({ kind: 'sqlite', root, disk: systemDisk, clock: systemClock, random: systemRandom })

describeFragmentIndex('sqlite', async () => await open(await newRoot()))

describe('the fragment index in SQLite', () => {
  async function filled(): Promise<{ root: string; uuid: string | undefined }> {
    const root = await newRoot()
    await using index = await open(root)
    return { root, uuid: (await index.put([document()]))[0] }
  }

  it('is the same index with the same documents after it was opened again', async () => {
    const { root, uuid } = await filled()
    await using index = await open(root)
    expect(await index.find(query())).toEqual({ rowIds: new Set(['row']), indexes: new Set([uuid]) })
  })

  it('is another, empty index where the file is damaged', async () => {
    const { root, uuid } = await filled()
    await writeFile(join(root, 'fragments.db'), Buffer.alloc(8192, 'no database '))
    await using index = await open(root)
    const { rowIds, indexes } = await index.find(query())
    expect([rowIds.size, indexes.size, indexes.has(uuid ?? '')]).toEqual([0, 1, false])
  })

  it('is another, empty index where the file is of another version', async () => {
    const { root, uuid } = await filled()
    const db = new DatabaseSync(join(root, 'fragments.db'))
    db.exec('PRAGMA user_version = 99')
    db.close()
    await using index = await open(root)
    expect((await index.uuids()).has(uuid ?? '')).toBe(false)
  })

  it('takes several documents of the largest size at once', async () => {
    await using index = await open(await newRoot())
    const words = (name: string): string[] => Array.from({ length: MAX_DOCUMENT_WORDS }, (_, i) => `${name}${i}`)
    await index.put([document({ rowId: 'a', words: words('a') }), document({ rowId: 'b', words: words('b') })])
    expect((await index.find(query({ words: ['a0', `a${MAX_DOCUMENT_WORDS - 1}`] }))).rowIds).toEqual(new Set(['a']))
    expect((await index.find(query({ words: ['b0', 'a0'] }))).rowIds).toEqual(new Set())
  })
})
