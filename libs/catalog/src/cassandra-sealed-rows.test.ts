import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import type { CassandraSession } from '@millrace/cassandra/cassandra-session'
import { useTestKeyspace } from '@millrace/cassandra/test-keyspace'
import type { Clock } from '@millrace/runtime/clock'
import { noFailpoints } from '@millrace/runtime/failpoints'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemDisk } from '@millrace/runtime/system-disk'
import { systemRandom } from '@millrace/runtime/system-random'
import { describeOn } from '@millrace/simulator/describe-on'
import { createCassandraCatalog } from './cassandra-catalog.ts'
import { dyingSession, faultySession, type Fate } from './cassandra-faults.ts'
import { IN_FLIGHT_MS } from './cassandra-partition-list.ts'
import { FencedError, OutcomeUnknownError, type Catalog, type SealedRow } from './catalog.ts'
import { DAY, entryAfter, sealedRow } from './catalog.conformance.ts'
import { migrateCatalog } from './migrate-catalog.ts'
import { openCatalog } from './open-catalog.ts'
import { prefixedCatalog } from './prefixed-catalog.ts'

describeOn('cassandra', 'sealed rows in Cassandra', (address) => {
  const keyspace = useTestKeyspace(address, migrateCatalog)

  /** As another process would have it. */
  const open = (prefix: string, clock: Clock = systemClock, decide: (cql: string) => Fate = () => 'done'): Catalog => prefixedCatalog(createCassandraCatalog(faultySession(keyspace.session, decide), clock), prefix)

  /** Two days of named rows, of which one day's are merged, and rows that are put and not named. */
  async function prepare(prefix: string): Promise<void> {
    const catalog = open(prefix)
    let at = await catalog.claimStream('g/0', 'w')
    for (let i = 0; i < 5; i++) {
      await catalog.commit('g/0', entryAfter(at))
      at = { ...at, ...(await catalog.readPosition('g/0')) }
    }
    await catalog.claimSealer('g/0', 's')
    await catalog.putSealed(['r1', 'r2', 'r3'].map((rowId) => sealedRow({ rowId, object: `of ${rowId}` })))
    await catalog.putSealed([sealedRow({ rowId: 'next day', dayNs: DAY, object: 'of next day' })])
    await catalog.nameSeal('g/0', { epoch: 1, sequence: 1, throughCommit: 1 })
    await catalog.mergeSealed(MERGED)
    await catalog.putSealed([sealedRow({ rowId: 'unnamed', sequence: 2, object: 'of unnamed' })])
  }
  const MERGED = sealedRow({ rowId: 'm1', inputs: ['r1', 'r2'], inputTags: [{ stream: 'g/0', epoch: 1, sequence: 1 }], object: 'of m1' })
  const LATER = sealedRow({ rowId: 'm2', inputs: ['m1', 'r3'], inputTags: MERGED.inputTags, object: 'of m2' })
  const OBJECTS = ['of r1', 'of r2', 'of r3', 'of next day', 'of m1', 'of m2', 'of unnamed', 'of put']

  const stateOf = async (prefix: string): Promise<unknown> => {
    const catalog = open(prefix)
    const named: string[] = []
    for (const object of OBJECTS) if (await catalog.isObjectNamed(object)) named.push(object)
    return { rows: (await catalog.readSealed('a', 'log', 0n, 9n * DAY)).map(({ rowId }) => rowId).sort(), named }
  }

  /** Runs `work` once for every write that it makes, and dies there; then a second process does it again. */
  async function dieEverywhere(work: (catalog: Catalog) => Promise<readonly SealedRow[] | undefined>, isRepeated: (error: unknown) => boolean, expected: { readonly answered?: readonly string[]; readonly state: unknown }): Promise<void> {
    for (const lastWrite of ['not done', 'lost reply'] as const) {
      for (let writes = 0, isOver = false; !isOver; writes++) {
        const prefix = systemRandom.text(8)
        await prepare(prefix)
        const dying = dyingSession(keyspace.session, writes, lastWrite)
        const told: SealedRow[] = []
        try {
          told.push(...((await work(prefixedCatalog(createCassandraCatalog(dying.session, systemClock), prefix))) ?? []))
        } catch {
          expect(dying.hasDied()).toBe(true)
        }
        isOver = !dying.hasDied()
        try {
          told.push(...((await work(open(prefix))) ?? []))
        } catch (error) {
          expect(isRepeated(error)).toBe(true)
        }
        expect(await stateOf(prefix)).toEqual(expected.state)
        const answered = told.map(({ rowId }) => rowId)
        expect(new Set(answered).size).toBe(answered.length)
        // What was removed in the last write before the death is not told to anyone; all else is.
        if (lastWrite === 'not done') expect(new Set(answered)).toEqual(new Set(expected.answered))
      }
    }
  }
  const never = (): boolean => false

  it('are put to the right end from wherever a put has died', async () => {
    const rows = [sealedRow({ rowId: 'p1', sequence: 2, object: 'of put' }), sealedRow({ rowId: 'p2', dayNs: DAY, sequence: 2, object: 'of put' })]
    await dieEverywhere(async (catalog) => {
      await catalog.putSealed(rows)
      return undefined
    }, never, { answered: [], state: { rows: ['m1', 'next day', 'r1', 'r2', 'r3'], named: ['of r1', 'of r2', 'of r3', 'of next day', 'of m1', 'of unnamed', 'of put'] } })
  }, 120_000)

  it('are merged to the right end from wherever a merge has died', async () => {
    // Repeated after it was done, it finds its inputs replaced.
    await dieEverywhere(async (catalog) => {
      await catalog.mergeSealed(LATER)
      return undefined
    }, (error) => error instanceof Error && error.name === 'FencedError', { answered: [], state: { rows: ['m1', 'm2', 'next day', 'r1', 'r2', 'r3'], named: ['of r1', 'of r2', 'of r3', 'of next day', 'of m1', 'of m2', 'of unnamed'] } })
  }, 120_000)

  it('are forgotten to the right end from wherever that has died', async () => {
    await dieEverywhere(async (catalog) => await catalog.forgetMerged('a', 'log', 9e15), never, { answered: ['r1', 'r2'], state: { rows: ['m1', 'next day', 'r3'], named: ['of r3', 'of next day', 'of m1', 'of unnamed'] } })
  }, 120_000)

  it('are expired to the right end from wherever that has died', async () => {
    await dieEverywhere(async (catalog) => await catalog.expireSealed('a', 'log', 2n * DAY), never, { answered: ['m1', 'next day', 'r1', 'r2', 'r3'], state: { rows: [], named: ['of unnamed'] } })
  }, 120_000)

  it('are not merged twice by one whose reply was lost', async () => {
    const prefix = systemRandom.text(8)
    await prepare(prefix)
    await expect(open(prefix, systemClock, (cql) => (cql.includes(' IF ') ? 'lost reply' : 'done')).mergeSealed(LATER)).rejects.toThrow(OutcomeUnknownError)
    await expect(open(prefix).mergeSealed({ ...LATER, rowId: 'm3' })).rejects.toThrow('not live')
    expect(await stateOf(prefix)).toMatchObject({ rows: ['m1', 'm2', 'next day', 'r1', 'r2', 'r3'] })
  })

  /** A process that is overtaken right before its first statement that has `text`. */
  function interrupted(prefix: string, text: string, overtake: () => Promise<void>): Catalog {
    let isOver = false
    const meet = async (cql: string): Promise<void> => {
      if (isOver || !cql.includes(text)) return
      isOver = true
      await overtake()
    }
    const interruptedSession: CassandraSession = {
      ...faultySession(keyspace.session, () => 'done'),
      execute: async (cql, ...rest) => {
        await meet(cql)
        return await keyspace.session.execute(cql, ...rest)
      },
      conditional: async (statements, ...rest) => {
        await meet(statements.map(({ cql }) => cql).join('; '))
        return await keyspace.session.conditional(statements, ...rest)
      },
    }
    return prefixedCatalog(createCassandraCatalog(interruptedSession, systemClock), prefix)
  }

  it('stay when a merge brings them while their neighbours are removed', async () => {
    const prefix = systemRandom.text(8)
    await prepare(prefix)
    // Between r1 and r2, which are removed as one range.
    const between = { ...LATER, rowId: 'r1-2' }
    const forgetting = interrupted(prefix, ' IF version', async () => { await open(prefix).mergeSealed(between) })
    expect((await forgetting.forgetMerged('a', 'log', 9e15)).map(({ rowId }) => rowId).sort()).toEqual(['m1', 'r1', 'r2', 'r3'])
    expect(await stateOf(prefix)).toMatchObject({ rows: ['next day', 'r1-2'] })
  })

  it('are not merged once their day has expired in between', async () => {
    const prefix = systemRandom.text(8)
    await prepare(prefix)
    const catalog = open(prefix)
    await catalog.putSealed([sealedRow({ rowId: 'n2', dayNs: DAY, sequence: 2, object: 'of put' })])
    await catalog.nameSeal('g/0', { epoch: 1, sequence: 2, throughCommit: 2 })
    // The partition has no version before its first merge, and none again after its expiry.
    const merging = interrupted(prefix, ' IF version', async () => { await open(prefix).expireSealed('a', 'log', 2n * DAY) })
    await expect(merging.mergeSealed({ ...LATER, dayNs: DAY, inputs: ['next day', 'n2'] })).rejects.toThrow(FencedError)
    expect(await stateOf(prefix)).toEqual({ rows: [], named: [] })
  })

  it('are found although their day was found empty and expired while they were put', async () => {
    const prefix = systemRandom.text(8)
    await prepare(prefix)
    const putting = interrupted(prefix, 'INSERT INTO sealed (', async () => {
      for (let i = 0; i < 3; i++) await open(prefix).expireSealed('a', 'log', 9n * DAY)
    })
    await putting.putSealed([sealedRow({ rowId: 'late', dayNs: 2n * DAY, sequence: 2, object: 'of put' })])
    await open(prefix).nameSeal('g/0', { epoch: 1, sequence: 2, throughCommit: 2 })
    expect(await stateOf(prefix)).toMatchObject({ rows: ['late', 'unnamed'] })
  })

  it('stay when a put is in flight while their neighbours are removed', async () => {
    const prefix = systemRandom.text(8)
    await prepare(prefix)
    const catalog = open(prefix)
    // Dead rows of a sealer that was fenced stand on both sides of what its successor puts during the removal.
    await catalog.putSealed(['a', 'z'].map((rowId) => sealedRow({ rowId, sequence: 2, object: 'of unnamed' })))
    await catalog.claimSealer('g/0', 'other')
    const row = sealedRow({ rowId: 'm', epoch: 2, sequence: 2, object: 'of put' })
    const meeting = interrupted(prefix, ' IF version', async () => { await open(prefix).putSealed([row]) })
    expect((await meeting.expireSealed('a', 'log', 2n * DAY)).map(({ rowId }) => rowId).sort()).toEqual(['m1', 'next day', 'r1', 'r2', 'r3'])
    await catalog.nameSeal('g/0', { epoch: 2, sequence: 2, throughCommit: 2 })
    expect(await stateOf(prefix)).toEqual({ rows: ['m'], named: ['of put'] })
  })

  it('leave nothing behind once their day has expired and an hour has passed', async () => {
    const prefix = systemRandom.text(8)
    await prepare(prefix)
    await open(prefix).claimSealer('g/0', 'other') // what was not named is dead now
    const later: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + 2 * IN_FLIGHT_MS }
    for (const clock of [systemClock, systemClock, later, later]) {
      await open(prefix, clock).expireSealed('a', 'log', 2n * DAY)
      await open(prefix, clock).forgetMerged('a', 'log', 9e15)
    }
    for (const table of ['sealed', 'sealed_days', 'sealed_merges']) expect((await keyspace.session.execute(`SELECT tenant FROM ${table}`, [], { isIdempotent: true })).filter((row) => String(row['tenant']).startsWith(prefix))).toEqual([])
    expect((await keyspace.session.execute('SELECT object FROM sealed_objects', [], { isIdempotent: true })).filter((row) => String(row['object']).startsWith(prefix))).toEqual([])
  })

  it('are listed again by what is put after their day went', async () => {
    const prefix = systemRandom.text(8)
    await prepare(prefix)
    const later: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + 2 * IN_FLIGHT_MS }
    for (const clock of [systemClock, systemClock, later]) await open(prefix, clock).expireSealed('a', 'log', 2n * DAY)
    await open(prefix, later).putSealed([sealedRow({ rowId: 'late', dayNs: DAY, sequence: 2, object: 'of put' })])
    await open(prefix).nameSeal('g/0', { epoch: 1, sequence: 2, throughCommit: 2 })
    expect(await stateOf(prefix)).toMatchObject({ rows: ['late', 'unnamed'], named: ['of unnamed', 'of put'] })
  })

  describe('and the catalog in SQLite', () => {
    const STREAMS = ['g/0', 'g/1']
    const stream = fc.constantFrom(...STREAMS)
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ does: fc.constant('commit' as const), stream, isZombie: fc.boolean(), records: fc.nat(2), expiresMs: fc.constantFrom(1, 500_000, 2_000_000) }) },
      { weight: 1, arbitrary: fc.record({ does: fc.constant('claim' as const), stream, owner: fc.constantFrom('a', 'b') }) },
      { weight: 1, arbitrary: fc.record({ does: fc.constant('claim sealer' as const), stream, owner: fc.constantFrom('a', 'b') }) },
      { weight: 3, arbitrary: fc.record({ does: fc.constant('put' as const), stream, days: fc.array(fc.nat(2), { minLength: 1, maxLength: 3 }) }) },
      { weight: 3, arbitrary: fc.record({ does: fc.constant('name' as const), stream, entries: fc.nat(2) }) },
      { weight: 3, arbitrary: fc.record({ does: fc.constant('merge' as const), stream, day: fc.nat(2), pick: fc.nat(15) }) },
      { weight: 1, arbitrary: fc.record({ does: fc.constant('mark' as const), stream, uuid: fc.constantFrom('one', 'two') }) },
      { weight: 1, arbitrary: fc.record({ does: fc.constant('trim' as const), stream, beforeMs: fc.constantFrom(0, 400_000, 1_000_000), throughSequence: fc.nat(6) }) },
      { weight: 1, arbitrary: fc.record({ does: fc.constant('forget' as const) }) },
      { weight: 1, arbitrary: fc.record({ does: fc.constant('expire' as const), day: fc.integer({ min: 0, max: 3 }) }) },
    )
    type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

    it('answer alike, whatever happens to them', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: 60, size: 'max' }), async (steps) => {
          await using oracle = await openCatalog({ kind: 'sqlite', root: await mkdtemp(join(tmpdir(), 'catalog-')), disk: systemDisk, clock: systemClock, failpoints: noFailpoints })
          await using catalog = prefixedCatalog(createCassandraCatalog(faultySession(keyspace.session, () => 'done'), systemClock, 3), systemRandom.text(8))
          for (const [index, next] of [...steps, { does: 'forget' } as const].entries()) {
            const [expected, found] = [await answerOf(oracle, next, index), await answerOf(catalog, next, index)]
            expect({ next, answer: found }).toEqual({ next, answer: expected })
            expect({ next, state: await everythingIn(catalog, index) }).toEqual({ next, state: await everythingIn(oracle, index) })
          }
        }),
        { numRuns: 8 },
      )
    }, 240_000)

    /** What a step answers, or the name of its error. All that it does follows from the catalog's own answers and from its number. */
    async function answerOf(catalog: Catalog, next: Step, index: number): Promise<unknown> {
      try {
        return (await take(catalog, next, index)) ?? 'done'
      } catch (error) {
        return (error as Error).name
      }
    }

    async function take(catalog: Catalog, next: Step, index: number): Promise<unknown> {
      const rowsOf = (rows: readonly SealedRow[]): string[] => rows.map(({ rowId }) => rowId).sort()
      if (next.does === 'forget') return rowsOf(await catalog.forgetMerged('a', 'log', 9e15))
      if (next.does === 'expire') {
        // What is put and not named may stay or go: without it both must agree.
        for (const name of STREAMS) await catalog.claimSealer(name, `s${index}`)
        return rowsOf(await catalog.expireSealed('a', 'log', BigInt(next.day) * DAY))
      }
      if (next.does === 'claim') return await catalog.claimStream(next.stream, next.owner)
      if (next.does === 'claim sealer') return await catalog.claimSealer(next.stream, next.owner)
      if (next.does === 'trim') return await catalog.trimCommits(next.stream, next)
      const sealed = await catalog.readSealPosition(next.stream)
      if (next.does === 'commit') {
        const at = await catalog.readPosition(next.stream)
        if (at.epoch === 0) return undefined
        const requests = [{ tenantId: 'a', id: index.toString(16).padStart(32, '0'), part: 0, expiresMs: next.expiresMs }]
        return await catalog.commit(next.stream, entryAfter({ ...at, epoch: next.isZombie ? at.epoch - 1 : at.epoch }, { pack: `p${index}`, records: next.records, requests }))
      }
      if (sealed.epoch === 0) return undefined
      const { sequence } = await catalog.readPosition(next.stream)
      if (next.does === 'name') return await catalog.nameSeal(next.stream, { epoch: sealed.epoch, sequence: sealed.sequence + 1, throughCommit: Math.min(sequence, sealed.throughCommit + next.entries) })
      const row = (part: Partial<SealedRow>): SealedRow => sealedRow({ stream: next.stream, epoch: sealed.epoch, ...part })
      if (next.does === 'put') return await catalog.putSealed(next.days.map((day, number) => row({ rowId: `r${index}-${number}`, object: `o${index}`, dayNs: BigInt(day) * DAY, sequence: sealed.sequence + 1 })))
      const rows = (await catalog.readSealed('a', 'log', 0n, 9n * DAY)).filter((each) => each.stream === next.stream).sort((a, b) => (a.rowId < b.rowId ? -1 : 1))
      if (next.does === 'mark') return await catalog.markIndexed(rows.filter((_, number) => number % 2 === 0).map((each) => ({ ...each, indexed: next.uuid })))
      const inputs = rows.filter(({ dayNs }) => dayNs === BigInt(next.day) * DAY).filter((_, number) => (next.pick >> (number % 4)) & 1)
      if (inputs.length === 0 || sealed.sequence === 0) return undefined
      return await catalog.mergeSealed(row({ rowId: `m${index}`, object: `o${index}`, dayNs: BigInt(next.day) * DAY, sequence: sealed.sequence, inputs: inputs.map(({ rowId }) => rowId), inputTags: [{ stream: next.stream, epoch: sealed.epoch, sequence: sealed.sequence }] }))
    }

    async function everythingIn(catalog: Catalog, steps: number): Promise<unknown> {
      const streams = await Promise.all(STREAMS.map(async (name) => {
        const ids: string[] = []
        for await (const page of catalog.readRequestIds(name, 0)) ids.push(...page.map(({ id }) => id))
        return { position: await catalog.readPosition(name), seal: await catalog.readSealPosition(name), entries: await catalog.readEntries(name, 0, 100), tail: await catalog.readEntries(name, 2, 2), ids: ids.sort() }
      }))
      const rows = await catalog.readSealed('a', 'log', 0n, 9n * DAY)
      const named: number[] = []
      for (let i = Math.max(0, steps - 8); i <= steps; i++) if (await catalog.isObjectNamed(`o${i}`)) named.push(i)
      return { streams, rows: [...rows].sort((a, b) => (a.rowId < b.rowId ? -1 : 1)), named }
    }
  })
})
