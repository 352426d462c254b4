import { CassandraOutcomeUnknownError, CassandraUnavailableError, type CassandraSession } from '@millrace/cassandra/cassandra-session'

/** What becomes of a statement: `lost reply` is done and not told, `not done` is refused, as by a host that cannot be reached. */
export type Fate = 'done' | 'lost reply' | 'not done'

/** A session whose statements meet the fates that `decide` tells, for tests. It does not close the one that it wraps. */
export function faultySession(session: CassandraSession, decide: (cql: string) => Fate): CassandraSession {
  const meet = async <Result>(cql: string, isConditional: boolean, work: () => Promise<Result>): Promise<Result> => {
    const fate = decide(cql)
    if (fate === 'not done') throw new CassandraUnavailableError('not done')
    const result = await work()
    if (fate === 'done') return result
    throw isConditional ? new CassandraOutcomeUnknownError('lost reply') : new CassandraUnavailableError('lost reply')
  }
  return {
    execute: async (cql, ...rest) => await meet(cql, false, async () => await session.execute(cql, ...rest)),
    async *pages(cql, ...rest) {
      await meet(cql, false, () => Promise.resolve())
      yield* session.pages(cql, ...rest)
    },
    conditional: async (statements, ...rest) => await meet(statements.map(({ cql }) => cql).join('; '), true, async () => await session.conditional(statements, ...rest)),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

/** A session of a process that dies after `writes` writes; of the next one only the engine knows whether it was done. */
export function dyingSession(session: CassandraSession, writes: number, lastWrite: Fate): { readonly session: CassandraSession; readonly hasDied: () => boolean } {
  let left = writes
  let isDead = false
  return {
    session: faultySession(session, (cql) => {
      if (isDead) return 'not done'
      if (/^\s*SELECT/.test(cql) || left-- > 0) return 'done'
      isDead = true
      return lastWrite
    }),
    hasDied: () => isDead,
  }
}
