import { spawnSync } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { noFailpoints } from '@millrace/runtime/failpoints'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemDisk } from '@millrace/runtime/system-disk'
import { CatalogUnavailableError, FencedError, type Catalog, type CommitClaim } from './catalog.ts'
import { DAY, describeCatalog, entryAfter, fragmentRow, sealedRow } from './catalog.conformance.ts'
import { openCatalog } from './open-catalog.ts'

const newRoot = async (): Promise<string> => await mkdtemp(join(tmpdir(), 'catalog-'))
const open = async (root: string): Promise<Catalog> => await openCatalog({ kind: 'sqlite', root, disk: systemDisk, clock: systemClock, failpoints: noFailpoints })

describeCatalog('sqlite', async () => await open(await newRoot()))

describe('the catalog in SQLite', () => {
  it('has everything after it was opened again', async () => {
    const root = await newRoot()
    const entry = { pack: 'p', directory: [fragmentRow()] }
    {
      await using catalog = await open(root)
      await catalog.openGeneration({ generation: 'g1', partitions: 4 })
      await catalog.commit('g1/0', entryAfter(await catalog.claimStream('g1/0', 'a'), entry))
    }
    await using catalog = await open(root)
    expect(await catalog.openGeneration({ generation: 'g2', partitions: 1 })).toEqual({ generation: 'g1', partitions: 4 })
    expect((await catalog.readEntries('g1/0', 0, 10))[0]).toMatchObject(entry)
  })

  it('refuses a file of a newer program', async () => {
    const root = await newRoot()
    await (await open(root))[Symbol.asyncDispose]()
    const db = new DatabaseSync(join(root, 'catalog.db'))
    db.exec('PRAGMA user_version = 1000')
    db.close()
    await expect(open(root)).rejects.toThrow(CatalogUnavailableError)
  })

  it('is opened by several threads at once, whose commits to different streams all count', async () => {
    const root = await newRoot()
    const threads = [0, 1, 2].map((partition) => new Worker(COMMITTING_THREAD, { eval: true, workerData: { root, partition, modules: ['./open-catalog.ts', './catalog.conformance.ts', '@millrace/runtime/system-disk', '@millrace/runtime/system-clock', '@millrace/runtime/failpoints'].map((name) => import.meta.resolve(name)) } }))
    const failures = await Promise.all(threads.map((thread) => new Promise((resolve) => thread.on('error', resolve).on('exit', resolve))))
    expect(failures).toEqual([0, 0, 0])
    await using catalog = await open(root)
    for (const partition of [0, 1, 2]) expect((await catalog.readPosition(`g/${partition}`)).sequence).toBe(20)
  })

  it.each(['inside-commit', 'inside-sealing'])('has nothing of a transaction that the process did not survive (%s)', async (name) => {
    const root = await newRoot()
    const code = `
      const { openCatalog } = await import(${JSON.stringify(import.meta.resolve('./open-catalog.ts'))})
      const { failpointsFromText } = await import(${JSON.stringify(import.meta.resolve('@millrace/runtime/failpoints-from-text'))})
      const { systemDisk } = await import(${JSON.stringify(import.meta.resolve('@millrace/runtime/system-disk'))})
      const catalog = await openCatalog({ kind: 'sqlite', root: ${JSON.stringify(root)}, disk: systemDisk, clock: undefined, failpoints: failpointsFromText('${name}:2') })
      const { epoch } = await catalog.claimStream('g/0', 'a')
      const seal = await catalog.claimSealer('g/0', 's')
      for (let sequence = 1; sequence <= 2; sequence++) {
        await catalog.commit('g/0', { epoch, sequence, firstOffset: sequence - 1, nextOffset: sequence, nextSourceOffset: sequence, pack: 'p' + sequence, directory: [], requests: [], committedMs: 0 })
        await catalog.nameSeal('g/0', { epoch: seal.epoch, sequence, throughCommit: sequence })
      }`
    expect(spawnSync(process.execPath, ['--input-type=module', '-e', code]).signal).toBe('SIGKILL')
    await using catalog = await open(root)
    const commits = name === 'inside-commit' ? 1 : 2
    expect(await catalog.readPosition('g/0')).toEqual({ epoch: 1, sequence: commits, nextOffset: commits, nextSourceOffset: commits })
    expect(await catalog.readEntries('g/0', 0, 10)).toHaveLength(commits)
    expect(await catalog.readSealPosition('g/0')).toEqual({ epoch: 1, sequence: 1, throughCommit: 1 })
  })

  it('reads a tenant with several pages of rows', async () => {
    await using catalog = await open(await newRoot())
    await catalog.claimStream('g/0', 'w')
    await catalog.claimSealer('g/0', 's')
    const rows = Array.from({ length: 2500 }, (_, i) => sealedRow({ rowId: `r${i}`, dayNs: BigInt(i % 7) * DAY }))
    await catalog.putSealed(rows)
    await catalog.nameSeal('g/0', { epoch: 1, sequence: 1, throughCommit: 0 })
    expect(new Set((await catalog.readSealed('a', 'log', 0n, 7n * DAY)).map(({ rowId }) => rowId))).toEqual(new Set(rows.map(({ rowId }) => rowId)))
  })

  it('has one gapless log however two writers interleave, and every commit that succeeded once', async () => {
    const root = await newRoot()
    await using first = await open(root)
    await using second = await open(root)
    let run = 0
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ writer: fc.constantFrom(0, 1), action: fc.constantFrom('claim', 'commit', 'commit', 'commit', 'repeat', 'reread'), records: fc.nat(3) }), { maxLength: 40 }), async (steps) => {
        const stream = `g/${++run}`
        const writers = [first, second].map((catalog, index) => ({ catalog, ownerId: `w${index}`, claim: undefined as CommitClaim | undefined, last: entryAfter({ epoch: 0, sequence: 0, nextOffset: 0, nextSourceOffset: 0 }) }))
        const committed: string[] = []
        for (const [step, { writer: index, action, records }] of steps.entries()) {
          const writer = writers[index] ?? writers[0]!
          if (action === 'claim' || writer.claim === undefined) writer.claim = await writer.catalog.claimStream(stream, writer.ownerId)
          else if (action === 'reread') writer.claim = { ...(await writer.catalog.readPosition(stream)), epoch: writer.claim.epoch, ownerId: writer.ownerId }
          else {
            const entry = action === 'repeat' ? writer.last : entryAfter(writer.claim, { records, pack: `${step}` })
            try {
              await writer.catalog.commit(stream, entry)
              committed.push(entry.pack ?? '')
              writer.claim = { ...writer.claim, ...entry }
            } catch (error) {
              expect(error).toBeInstanceOf(FencedError)
            }
            writer.last = entry
          }
        }
        const entries = await second.readEntries(stream, 0, 100)
        expect(entries.map(({ pack }) => pack)).toEqual(committed)
        entries.forEach((entry, index) => {
          const before = entries[index - 1] ?? { epoch: 0, sequence: 0, nextOffset: 0 }
          expect([entry.sequence, entry.firstOffset]).toEqual([before.sequence + 1, before.nextOffset])
          expect(entry.epoch).toBeGreaterThanOrEqual(before.epoch)
        })
        expect(new Set(committed).size).toBe(committed.length)
      }),
      { numRuns: 40 },
    )
  })
})

const COMMITTING_THREAD = `
const { workerData } = require('node:worker_threads')
void (async () => {
  const [{ openCatalog }, { entryAfter }, { systemDisk }, { systemClock }, { noFailpoints }] = await Promise.all(workerData.modules.map((name) => import(name)))
  const stream = 'g/' + workerData.partition
  const catalog = await openCatalog({ kind: 'sqlite', root: workerData.root, disk: systemDisk, clock: systemClock, failpoints: noFailpoints })
  await catalog.claimStream(stream, 'w')
  for (let i = 0; i < 20; i++) await catalog.commit(stream, entryAfter(await catalog.readPosition(stream)))
  await catalog[Symbol.asyncDispose]()
})()
`
