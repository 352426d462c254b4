import type { CassandraSession } from '@millrace/cassandra/cassandra-session'
import { useTestKeyspace } from '@millrace/cassandra/test-keyspace'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemRandom } from '@millrace/runtime/system-random'
import { describeOn } from '@millrace/simulator/describe-on'
import { createCassandraCatalog } from './cassandra-catalog.ts'
import { createCommitHistory } from './cassandra-commit-history.ts'
import { CassandraDatabase } from './cassandra-database.ts'
import { dyingSession, faultySession, type Fate } from './cassandra-faults.ts'
import { CatalogUnavailableError, FencedError, OutcomeUnknownError, type Catalog, type CommittedRequest, type CommitPosition } from './catalog.ts'
import { entryAfter, fragmentRow } from './catalog.conformance.ts'
import { migrateCatalog } from './migrate-catalog.ts'

const BUCKET = 3

describeOn('cassandra', 'the commit log in Cassandra', (address) => {
  const keyspace = useTestKeyspace(address, migrateCatalog)

  /** As another process would have it. Buckets are small, so that every test crosses some. */
  const open = (fate: (cql: string) => Fate = () => 'done'): Catalog => createCassandraCatalog(faultySession(keyspace.session, fate), systemClock, BUCKET)
  const newStream = (): string => `${systemRandom.text(6)}/0`
  const history = (): ReturnType<typeof createCommitHistory> => createCommitHistory(new CassandraDatabase(keyspace.session), BUCKET)

  it('goes on from bucket to bucket, with one reader or many', async () => {
    const stream = newStream()
    const writer = open()
    let at: CommitPosition = await writer.claimStream(stream, 'a')
    for (let i = 1; i <= 4 * BUCKET + 1; i++) {
      await writer.commit(stream, entryAfter(at, { pack: `p${i}`, directory: [fragmentRow()] }))
      at = await writer.readPosition(stream)
      expect(sequencesOf(await open().readEntries(stream, 0, 100))).toEqual(oneTo(i))
    }
    for (const after of oneTo(4 * BUCKET)) expect(sequencesOf(await writer.readEntries(stream, after, 5))).toEqual(oneTo(4 * BUCKET + 1).slice(after, after + 5))
  }, 60_000)

  it('has each entry whole, also when its copy never came or came late', async () => {
    for (const fate of ['not done', 'lost reply'] as const) {
      const stream = newStream()
      const requests = [request(1), request(90_000_000)]
      let first: CommitPosition = await open().claimStream(stream, 'a')
      for (let i = 1; i <= 2 * BUCKET + 1; i++) {
        // Each entry by a new process, which loses the copy of it: the next must make it before the head is overwritten.
        const writer = open((cql) => (cql.includes('INSERT INTO commit_') ? fate : 'done'))
        await open().commit(stream, entryAfter(first, { pack: `good ${i}`, requests }))
        await expect(writer.commit(stream, entryAfter(await writer.readPosition(stream), { pack: `bad ${i}`, requests }))).rejects.toThrow(CatalogUnavailableError)
        first = await writer.readPosition(stream)
        expect(first.sequence).toBe(i)
        expect((await open().readEntries(stream, i - 1, 1))[0]?.pack).toBe(`good ${i}`)
      }
      expect((await open().readEntries(stream, 0, 100)).map(({ pack }) => pack)).toEqual(oneTo(2 * BUCKET + 1).map((i) => `good ${i}`))
      expect(await requestsOf(open(), stream, 0)).toHaveLength(2 * (2 * BUCKET + 1))
    }
  }, 60_000)

  it('keeps the request ids of an entry that no one has copied', async () => {
    const stream = newStream()
    const writer = open((cql) => (/INSERT INTO commit_(entries|request)/.test(cql) ? 'not done' : 'done'))
    await writer.commit(stream, entryAfter(await writer.claimStream(stream, 'a'), { requests: [request(5_000)] }))
    expect((await requestsOf(open(), stream, 0)).map(({ expiresMs }) => expiresMs)).toEqual([5_000])
  })

  it('refuses a zombie at every step of the one that has taken over, and holds nothing twice', async () => {
    const stream = newStream()
    const zombie = open()
    let old: CommitPosition = await zombie.claimStream(stream, 'zombie')
    for (let i = 1; i <= BUCKET - 1; i++) {
      await zombie.commit(stream, entryAfter(old, { pack: `old ${i}` }))
      old = { ...(await zombie.readPosition(stream)) }
    }
    // The zombie strikes before each statement of its successor, from the claim over the end of a bucket and beyond.
    const struck: string[] = []
    let hasClaimed = false
    const strike = async (): Promise<void> => {
      const now = await open().readPosition(stream)
      for (const wrong of [entryAfter(old, { pack: 'zombie' }), entryAfter({ ...now, epoch: old.epoch }, { pack: 'zombie' })]) {
        await expect(open().commit(stream, wrong)).rejects.toThrow(FencedError)
        await expect(zombie.commit(stream, wrong)).rejects.toThrow(FencedError)
      }
    }
    const struckSession: CassandraSession = {
      ...faultySession(keyspace.session, () => 'done'),
      execute: async (cql, ...rest) => {
        if (hasClaimed) await strike()
        struck.push(cql)
        return await keyspace.session.execute(cql, ...rest)
      },
      conditional: async (statements, ...rest) => {
        if (hasClaimed) await strike()
        const result = await keyspace.session.conditional(statements, ...rest)
        hasClaimed = true
        await strike()
        return result
      },
    }
    const successor = createCassandraCatalog(struckSession, systemClock, BUCKET)
    let at: CommitPosition = await successor.claimStream(stream, 'successor')
    for (let i = 0; i < 3; i++) {
      await successor.commit(stream, entryAfter(at, { pack: `new ${i}` }))
      at = await successor.readPosition(stream)
    }
    await successor[Symbol.asyncDispose]()
    expect(struck.some((cql) => cql.includes('INSERT INTO commit_entries'))).toBe(true)
    expect((await open().readEntries(stream, 0, 100)).map(({ pack }) => pack)).toEqual([...oneTo(BUCKET - 1).map((i) => `old ${i}`), 'new 0', 'new 1', 'new 2'])
  }, 60_000)

  it('gives two claimers at once different epochs, 50 times', async () => {
    const stream = newStream()
    const [first, second] = [open(), open()]
    const epochs: number[] = []
    for (let round = 0; round < 50; round++) {
      const claims = await Promise.all([first, second].map(async (catalog, index) => await settled(async () => await catalog.claimStream(stream, `${index} ${round}`))))
      epochs.push(...claims.map(({ epoch }) => epoch))
    }
    expect(epochs.sort((a, b) => a - b)).toEqual(oneTo(100))
  }, 60_000)

  it('settles a commit whose reply was lost by reading the position, and goes on after it', async () => {
    const stream = newStream()
    let fate: Fate = 'done'
    const writer = open((cql) => (cql.includes('UPDATE commit_heads SET sequence') ? fate : 'done'))
    const claim = await writer.claimStream(stream, 'a')
    const entry = entryAfter(claim, { pack: 'first', requests: [request(5_000)] })
    fate = 'lost reply'
    await expect(writer.commit(stream, entry)).rejects.toThrow(OutcomeUnknownError)
    const at = await writer.readPosition(stream)
    expect(at).toEqual({ epoch: 1, sequence: 1, nextOffset: 1, nextSourceOffset: 1 })
    fate = 'not done'
    await expect(writer.commit(stream, entryAfter(at, { pack: 'never' }))).rejects.toThrow(CatalogUnavailableError)
    expect(await writer.readPosition(stream)).toEqual(at)
    fate = 'done'
    await writer.commit(stream, entryAfter(at, { pack: 'second' }))
    expect((await open().readEntries(stream, 0, 10)).map(({ pack }) => pack)).toEqual(['first', 'second'])
    expect(await requestsOf(open(), stream, 0)).toHaveLength(1)
  })

  it('settles a claim whose reply was lost by claiming again', async () => {
    const stream = newStream()
    for (const [owner, epoch] of [['a', 1], ['b', 2]] as const) {
      await expect(open((cql) => (cql.includes('commit_heads') && !cql.includes('SELECT') ? 'lost reply' : 'done')).claimStream(stream, owner)).rejects.toThrow(OutcomeUnknownError)
      expect((await open().claimStream(stream, owner)).epoch).toBe(epoch)
      await expect(open((cql) => (cql.includes('seal_log') && !cql.includes('SELECT') ? 'lost reply' : 'done')).claimSealer(stream, owner)).rejects.toThrow(OutcomeUnknownError)
      expect((await open().claimSealer(stream, owner)).epoch).toBe(epoch)
    }
  })

  /** A stream with entries over some buckets, all but the last sealed. */
  async function sealedStream(): Promise<string> {
    const stream = newStream()
    const catalog = open()
    let at: CommitPosition = await catalog.claimStream(stream, 'a')
    for (let i = 1; i <= 3 * BUCKET; i++) {
      await catalog.commit(stream, entryAfter(at, { pack: `p${i}`, requests: [request(i * 600_000), request(90_000_000 + i)] }))
      at = await catalog.readPosition(stream)
    }
    await catalog.nameSeal(stream, { ...(await catalog.claimSealer(stream, 's')), sequence: 1, throughCommit: 3 * BUCKET - 1 })
    await catalog[Symbol.asyncDispose]()
    return stream
  }
  const trim = { beforeMs: (BUCKET + 1) * 600_000, throughSequence: 2 * BUCKET + 1 }

  it('trims to the right end from wherever a trim has died', async () => {
    for (const lastWrite of ['lost reply', 'not done'] as const) {
      for (let writes = 0, isOver = false; !isOver; writes++) {
        const stream = await sealedStream()
        const dying = dyingSession(keyspace.session, writes, lastWrite)
        const dead = createCassandraCatalog(dying.session, systemClock, BUCKET)
        await dead.trimCommits(stream, trim).catch((error: unknown) => { expect(error).toBeInstanceOf(CatalogUnavailableError) })
        isOver = !dying.hasDied()
        const left = sequencesOf(await open().readEntries(stream, 0, 100))
        expect(left).toEqual(oneTo(3 * BUCKET).slice(-left.length)) // no gap, however far it came
        await open().trimCommits(stream, trim)
        expect(sequencesOf(await open().readEntries(stream, 0, 100))).toEqual(oneTo(3 * BUCKET).slice(2 * BUCKET + 1))
        // Nor does anything stay where no reader looks any more.
        const stored = await keyspace.session.execute('SELECT sequence FROM commit_entries WHERE stream = ? AND bucket IN (0, 1, 2)', [stream], { isIdempotent: true })
        expect(Math.min(...stored.map((row) => Number(row['sequence'])))).toBe(2 * BUCKET + 2)
        expect((await requestsOf(open(), stream, 0)).map(({ expiresMs }) => expiresMs)).toEqual([...oneTo(3 * BUCKET).map((i) => i * 600_000).filter((expiresMs) => expiresMs >= trim.beforeMs), ...oneTo(3 * BUCKET).map((i) => 90_000_000 + i)])
      }
    }
  }, 120_000)

  it('trims the request ids of an entry whose copy is still under way', async () => {
    const stream = newStream()
    const writer = open((cql) => (/INSERT INTO commit_(entries|request)/.test(cql) ? 'not done' : 'done'))
    const entry = entryAfter(await writer.claimStream(stream, 'a'), { requests: [request(1_000), request(90_000_000)] })
    await writer.commit(stream, entry)
    await open().trimCommits(stream, { beforeMs: 1_000_000, throughSequence: 0 })
    await history().copy(stream, entry)
    expect((await requestsOf(open(), stream, -1)).map(({ expiresMs }) => expiresMs)).toEqual([90_000_000])
    const stored = await keyspace.session.execute('SELECT slot, expires_ms FROM commit_requests WHERE stream = ? AND slot IN (0, 1)', [stream], { isIdempotent: true })
    expect(stored).toEqual([])
  })

  it('does not bring back what was trimmed when a slow process copies it again', async () => {
    const stream = await sealedStream()
    const [entry] = await open().readEntries(stream, 1, 1)
    expect(entry?.sequence).toBe(2)
    if (entry === undefined) return
    await open().trimCommits(stream, trim)
    await history().copy(stream, { ...entry, requests: [request(600_000)] })
    expect(sequencesOf(await history().readEntries(stream, { afterSequence: 0, beforeSequence: 100, limit: 100 }))).not.toContain(2)
    expect((await requestsOf(open(), stream, 0))[0]?.expiresMs).toBe(trim.beforeMs)
    expect(await keyspace.session.execute('SELECT slot FROM commit_request_slots WHERE stream = ? AND slot < 4', [stream], { isIdempotent: true })).toEqual([])
  })
})

const oneTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1)

function sequencesOf(entries: readonly { readonly sequence: number }[]): number[] {
  return entries.map(({ sequence }) => sequence)
}

let requestCount = 0
function request(expiresMs: number): CommittedRequest {
  return { tenantId: 'a', id: (++requestCount).toString(16).padStart(32, '0'), part: 0, expiresMs }
}

async function requestsOf(catalog: Catalog, stream: string, aliveMs: number): Promise<CommittedRequest[]> {
  const found: CommittedRequest[] = []
  for await (const page of catalog.readRequestIds(stream, aliveMs)) found.push(...page)
  return found
}

async function settled<Result>(work: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof OutcomeUnknownError) && !(error instanceof CatalogUnavailableError)) throw error
    }
  }
}
