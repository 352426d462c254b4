import { systemClock } from '@millrace/runtime/system-clock'
import { systemRandom } from '@millrace/runtime/system-random'
import { describeOn } from '@millrace/simulator/describe-on'
import { createLog } from '@millrace/telemetry/log'
import { openRoad } from './blockable-road.ts'
import { dropKeyspace, migrateCassandra, type MigrationOptions } from './cassandra-migrations.ts'
import { CassandraOutcomeUnknownError, CassandraUnavailableError, OPEN_TIMEOUT_MS, openCassandraSession, REQUEST_TIMEOUT_MS, type CassandraSession } from './cassandra-session.ts'

describeOn('cassandra', 'a session', (address) => {
  const options: MigrationOptions = { contactPoints: [address], localDataCenter: 'datacenter1', keyspace: `test_${systemRandom.text(12)}`, replicationFactor: 1, clock: systemClock, random: systemRandom, log: createLog('silent') }
  const put = 'INSERT INTO birds (nest, name, eggs, data) VALUES (?, ?, ?, ?)'
  const putNew = 'INSERT INTO birds (nest, name, eggs) VALUES (?, ?, ?) IF NOT EXISTS'
  const all = 'SELECT name, eggs FROM birds WHERE nest = ?'
  let session: CassandraSession

  beforeAll(async () => {
    await migrateCassandra(options, [{ id: 'birds-1', statements: ["CREATE TABLE IF NOT EXISTS birds (nest text, name text, eggs bigint, data blob, PRIMARY KEY (nest, name)) WITH comment = 'birds'"] }])
    session = await openCassandraSession(options)
  }, 60_000)

  afterAll(async () => {
    await session[Symbol.asyncDispose]()
    await dropKeyspace(options)
  }, 60_000)

  it('keeps integers of 64 bits, bytes and nothing', async () => {
    for (const [name, eggs, data] of [['a', 2n ** 63n - 1n, Buffer.of(1, 255)], ['b', -(2n ** 63n), Buffer.of()], ['c', 0n, null]] as const) {
      await session.execute(put, ['values', name, eggs, data], { isIdempotent: true })
      expect(await session.execute('SELECT name, eggs, data FROM birds WHERE nest = ? AND name = ?', ['values', name], { isIdempotent: true })).toEqual([expect.objectContaining({ name, eggs, data })])
    }
  })

  it('answers all rows, in pages of the wanted size', async () => {
    const names = Array.from({ length: 25 }, (_, i) => String(i).padStart(2, '0'))
    for (const name of names) await session.execute(put, ['pages', name, 1n, null], { isIdempotent: true })
    const sizes: number[] = []
    for await (const page of session.pages(all, ['pages'], { rowsPerPage: 10 })) sizes.push(page.length)
    expect(sizes).toEqual([10, 10, 5])
    expect((await session.execute(all, ['pages'], { isIdempotent: true, rowsPerPage: 10 })).map((row) => row['name'])).toEqual(names)
  })

  it('applies a conditional batch as a whole or not at all, and tells what stood against it', async () => {
    const first = await session.conditional([{ cql: putNew, parameters: ['batch', 'kea', 1n] }, { cql: putNew, parameters: ['batch', 'emu', 2n] }])
    expect(first).toEqual({ isApplied: true, rows: [] })
    const second = await session.conditional([{ cql: putNew, parameters: ['batch', 'moa', 3n] }, { cql: putNew, parameters: ['batch', 'emu', 4n] }])
    expect(second.isApplied).toBe(false)
    expect(second.rows).toContainEqual(expect.objectContaining({ name: 'emu', eggs: 2n }))
    expect(await session.execute(all, ['batch'], { isIdempotent: true, isSerial: true })).toHaveLength(2)
    expect(await session.conditional([{ cql: 'UPDATE birds SET eggs = 9 WHERE nest = ? AND name = ? IF eggs = ?', parameters: ['batch', 'dodo', 1n] }])).toEqual({ isApplied: false, rows: [] })
  })

  it('lets one of many that want the same row win', async () => {
    const results = await Promise.allSettled(Array.from({ length: 8 }, async (_, i) => await session.conditional([{ cql: putNew, parameters: ['race', 'kea', BigInt(i)] }])))
    expect(results.filter((result) => result.status === 'fulfilled' && result.value.isApplied).length).toBeLessThan(2)
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(CassandraOutcomeUnknownError)
    expect(await session.execute(all, ['race'], { isIdempotent: true, isSerial: true })).toHaveLength(1)
  })

  it('waits for a table or a column that a migration still has to make', async () => {
    for (const cql of ['SELECT * FROM nests', 'SELECT wings FROM birds', 'INSERT INTO nests (name) VALUES (?)', 'UPDATE birds SET wings = 2 WHERE nest = ? AND name = ?']) {
      const error: unknown = await session.execute(cql, cql.includes('?') ? ['a', 'b'].slice(0, cql.split('?').length - 1) : [], { isIdempotent: false }).catch((cause: unknown) => cause)
      expect([cql, error]).toEqual([cql, expect.any(CassandraUnavailableError)])
      expect((error as Error).message).toContain('run millrace migrate')
    }
  })

  it('throws mistakes as they are', async () => {
    await expect(session.execute('SELECT name WHERE birds', [], { isIdempotent: true })).rejects.toThrow('no viable alternative')
    await expect(session.execute(put, ['mistake', 'kea', 1, null], { isIdempotent: true })).rejects.toThrow(TypeError)
  })

  it('refuses to open without a keyspace, a host or an answer, within its limit', async () => {
    await expect(openCassandraSession({ ...options, keyspace: 'nowhere' })).rejects.toThrow(CassandraUnavailableError)
    await expect(openCassandraSession({ ...options, contactPoints: ['127.0.0.1:1'] })).rejects.toThrow(CassandraUnavailableError)
    await using road = await openRoad(address)
    road.isFrozen = true
    const start = performance.now()
    await expect(openCassandraSession({ ...options, contactPoints: [road.address] })).rejects.toThrow(CassandraUnavailableError)
    expect(performance.now() - start).toBeLessThan(OPEN_TIMEOUT_MS + 1000)
  }, 30_000)

  it('tells a frozen host by time-outs, of which only that of a conditional write leaves doubt', async () => {
    await using road = await openRoad(address)
    await using far = await openCassandraSession({ ...options, contactPoints: [road.address] })
    await far.execute(put, ['frozen', 'kea', 1n, null], { isIdempotent: true })
    await far.conditional([{ cql: putNew, parameters: ['frozen', 'emu', 1n] }])
    road.isFrozen = true
    const start = performance.now()
    const outcomes = await Promise.allSettled([
      far.execute(all, ['frozen'], { isIdempotent: true }),
      far.execute(put, ['frozen', 'kea', 2n, null], { isIdempotent: true }),
      far.execute(put, ['frozen', 'kea', 2n, null], { isIdempotent: false }),
      far.conditional([{ cql: putNew, parameters: ['frozen', 'moa', 1n] }]),
    ])
    expect(performance.now() - start).toBeLessThan(3 * REQUEST_TIMEOUT_MS)
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && (outcome.reason as Error).name)).toEqual(['CassandraUnavailableError', 'CassandraUnavailableError', 'CassandraOutcomeUnknownError', 'CassandraOutcomeUnknownError'])
    road.isFrozen = false
    await untilAnswers(far)
  }, 60_000)

  it('is in doubt about a conditional write whose connection breaks, reports an absent host at once, and reconnects', async () => {
    await using road = await openRoad(address)
    await using far = await openCassandraSession({ ...options, contactPoints: [road.address] })
    await far.conditional([{ cql: putNew, parameters: ['broken', 'emu', 1n] }])
    road.isDeaf = true
    const doubtful = far.conditional([{ cql: putNew, parameters: ['broken', 'kea', 1n] }]).catch((error: unknown) => error)
    await road.passed()
    road.isClosed = true
    expect(await doubtful).toBeInstanceOf(CassandraOutcomeUnknownError)
    const start = performance.now()
    await expect(far.execute(all, ['broken'], { isIdempotent: true })).rejects.toThrow(CassandraUnavailableError)
    await expect(far.conditional([{ cql: putNew, parameters: ['broken', 'moa', 1n] }])).rejects.toThrow(CassandraUnavailableError)
    expect(performance.now() - start).toBeLessThan(REQUEST_TIMEOUT_MS)
    road.isDeaf = false
    road.isClosed = false
    await untilAnswers(far)
    // It had arrived: what looked like a failure was none.
    expect((await far.execute(all, ['broken'], { isIdempotent: true, isSerial: true })).map((row) => row['name'])).toEqual(['emu', 'kea'])
  }, 60_000)

  it('refuses statements once it is closed', async () => {
    const closed = await openCassandraSession(options)
    await closed[Symbol.asyncDispose]()
    await closed[Symbol.asyncDispose]()
    await expect(closed.execute(all, ['closed'], { isIdempotent: true })).rejects.toThrow(CassandraUnavailableError)
    await expect(closed.conditional([{ cql: putNew, parameters: ['closed', 'kea', 1n] }])).rejects.toThrow(CassandraUnavailableError)
  })

  async function untilAnswers(far: CassandraSession): Promise<void> {
    const deadline = performance.now() + 20_000
    while (await far.execute(all, ['frozen'], { isIdempotent: true }).then(() => false, () => true)) {
      if (performance.now() > deadline) throw new Error('the session did not come back')
      await systemClock.sleep(100)
    }
  }
})
