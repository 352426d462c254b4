import { auth, Client, errors, policies, types } from 'cassandra-driver'
import assert from 'node:assert/strict'
import type { Clock } from '@millrace/runtime/clock'
import type { Log } from '@millrace/telemetry/log'

/**
 * Connects to Cassandra and selects the keyspace, which `migrateCassandra` has made. The session reconnects by itself for as long as it is open.
 *
 * @throws {CassandraUnavailableError} within {@link OPEN_TIMEOUT_MS}: no host answers, it refuses the credentials, or there is no such keyspace (yet).
 */
export async function openCassandraSession(options: CassandraOptions): Promise<CassandraSession> {
  return new DriverSession(await connectCassandra(options, options.keyspace))
}

export interface CassandraOptions {
  /** `host` or `host:port`; one that answers is enough, the others of the cluster are found through it. */
  readonly contactPoints: readonly string[]
  /** Quorums are taken in this data centre: a cell of Millrace lives in one. */
  readonly localDataCenter: string
  readonly keyspace: string
  readonly credentials?: { readonly username: string; readonly password: string }
  readonly clock: Clock
  /** Is told what the driver warns of. */
  readonly log: Log
}

/**
 * Runs prepared statements on the replica that owns the row, with LOCAL_QUORUM, so that a read sees every write that was acknowledged.
 *
 * Values: `bigint` columns are bigints both ways, `int` numbers, `blob` Buffers that the caller owns, `timestamp` Dates, `list` arrays, empty ones null.
 * The session reads parameters until the promise settles.
 */
export interface CassandraSession extends AsyncDisposable {
  /**
   * Answers all rows; of a write none.
   *
   * @throws {CassandraUnavailableError} repeating is safe.
   * @throws {CassandraOutcomeUnknownError} only when `isIdempotent` is false.
   */
  execute(cql: string, parameters: readonly unknown[], options: StatementOptions): Promise<readonly CassandraRow[]>

  /** All rows, page after page, so that memory is bounded by `rowsPerPage`. Ends early when the consumer does. @throws {CassandraUnavailableError} */
  pages(cql: string, parameters: readonly unknown[], options: ReadOptions): AsyncIterable<readonly CassandraRow[]>

  /**
   * Runs a conditional statement (`IF …`), or a batch of them together with plain ones, of one partition: all of them or none. Is never repeated by itself.
   *
   * @throws {CassandraOutcomeUnknownError} it may have been applied, or may yet be: only a read with `isSerial` of the same partition tells.
   * @throws {CassandraUnavailableError} it was not sent.
   */
  conditional(statements: readonly CassandraStatement[], options?: { readonly timeoutMs?: number }): Promise<ConditionalResult>
}

export interface CassandraStatement {
  readonly cql: string
  readonly parameters: readonly unknown[]
}

export interface StatementOptions {
  /** Whether running it twice does what running it once does. Reads are idempotent. Such a statement is tried once more on another host when the first fails. */
  readonly isIdempotent: boolean
  /** Reads after all conditional writes of the partition, and finishes those that hang. Costs a round of Paxos. */
  readonly isSerial?: boolean
  /** ms, for each of at most two tries. {@link REQUEST_TIMEOUT_MS} when absent. */
  readonly timeoutMs?: number
  readonly rowsPerPage?: number
}

export type ReadOptions = Omit<StatementOptions, 'isIdempotent'>

/** By column name. Read it with the functions of cassandra-row.ts. */
export type CassandraRow = Readonly<Record<string, unknown>>

export interface ConditionalResult {
  readonly isApplied: boolean
  /** When it was not applied: the rows that the conditions met, as they are. Empty when there is none. */
  readonly rows: readonly CassandraRow[]
}

/** Nothing happened, or what happened may safely be repeated. */
export class CassandraUnavailableError extends Error {
  override readonly name = 'CassandraUnavailableError'
  readonly code = 'CASSANDRA_UNAVAILABLE'
  readonly retryable = true
}

/** A write that must not be repeated blindly may have been applied. */
export class CassandraOutcomeUnknownError extends Error {
  override readonly name = 'CassandraOutcomeUnknownError'
  readonly code = 'CASSANDRA_OUTCOME_UNKNOWN'
  readonly retryable = false
}

/** Longer than the server's own limit of 2 s for a write, so that its more exact answer arrives first; short enough to tell an app within a few seconds. */
export const REQUEST_TIMEOUT_MS = 3000
/** Bounds opening, with all contact points; the caller tries again. */
export const OPEN_TIMEOUT_MS = 10_000
/** A host of the same cell answers in well under a second; the rest is for a host that is starting. */
const CONNECT_TIMEOUT_MS = 2000
/** How long a host that came back may go unnoticed. The driver's own choice grows to 10 minutes. */
const RECONNECT_MS = 1000
/** An idle connection that broke silently is found after this time. */
const HEARTBEAT_MS = 5000
/** The driver says the same several times a second while a host is down; what fails for it is logged by whoever asked. */
const WARN_INTERVAL_MS = 10_000
/** Requests that time out on one connection before it is replaced: a few, as a connection whose host froze never answers again. */
const TIMEOUTS_PER_CONNECTION = 8
/** Bounds what one answer holds in memory: rows of the catalog are below 10 KB. */
const ROWS_PER_PAGE = 1000

/** A connected driver. */
export interface CassandraConnection extends AsyncDisposable {
  readonly client: Client
}

/** Connects; without a keyspace for the one who makes it. @throws {CassandraUnavailableError} */
export async function connectCassandra({ contactPoints, localDataCenter, credentials, clock, log }: CassandraOptions, keyspace: string | undefined): Promise<CassandraConnection> {
  assert(keyspace === undefined || KEYSPACE.test(keyspace), 'a keyspace is 1 to 48 lower-case letters, digits and underscores')
  const client = new Client({
    contactPoints: [...contactPoints],
    localDataCenter,
    ...(keyspace === undefined ? {} : { keyspace }),
    ...(credentials === undefined ? {} : { authProvider: new auth.PlainTextAuthProvider(credentials.username, credentials.password) }),
    policies: {
      // Token-aware and inside the data centre.
      loadBalancing: new policies.loadBalancing.DefaultLoadBalancingPolicy({ localDc: localDataCenter }),
      reconnection: new policies.reconnection.ConstantReconnectionPolicy(RECONNECT_MS),
      retry: new OnceMoreElsewhere(),
      speculativeExecution: new policies.speculativeExecution.NoSpeculativeExecutionPolicy(),
    },
    socketOptions: { connectTimeout: CONNECT_TIMEOUT_MS, readTimeout: REQUEST_TIMEOUT_MS, defunctReadTimeoutThreshold: TIMEOUTS_PER_CONNECTION },
    pooling: { heartBeatInterval: HEARTBEAT_MS },
    queryOptions: { consistency: types.consistencies.localQuorum, serialConsistency: types.consistencies.localSerial, fetchSize: ROWS_PER_PAGE },
    encoding: { useBigIntAsLong: true },
    monitorReporting: { enabled: false },
  })
  let warnedMs = -Infinity
  client.on('log', (level: string, source: string, message: string) => {
    if ((level !== 'warning' && level !== 'error') || clock.monotonicMs() - warnedMs < WARN_INTERVAL_MS) return
    warnedMs = clock.monotonicMs()
    log.warn({ source, keyspace, detail: message.slice(0, LOGGED_CHARACTERS) }, 'the Cassandra driver warned')
  })
  const closing = new AbortController()
  client.on('hostRemove', (host: RemovedHost) => void endReconnecting(host, clock, closing.signal))
  const given = new AbortController()
  try {
    await Promise.race([client.connect(), clock.sleep(OPEN_TIMEOUT_MS, given.signal).then(() => Promise.reject(new Error(`no answer within ${OPEN_TIMEOUT_MS} ms`)))])
    return {
      client,
      async [Symbol.asyncDispose]() {
        closing.abort()
        await client.shutdown()
      },
    }
  } catch (cause) {
    await client.shutdown().catch(() => undefined) // it never connected: there is nothing to lose
    throw new CassandraUnavailableError(`no session on Cassandra at ${contactPoints.join(', ')}`, { cause })
  } finally {
    given.abort()
  }
}

/** What needs no quotes in CQL. */
const KEYSPACE = /^[a-z][a-z0-9_]{0,47}$/
const LOGGED_CHARACTERS = 500

/** Part of the driver's own hosts, which its types leave out. */
interface RemovedHost {
  shutdown(isGraceful: boolean): Promise<void>
}

/** A host that leaves the cluster while it is down would be called for ever, also after the session was closed; an attempt under way makes the driver forget the first request to stop. */
async function endReconnecting(host: RemovedHost, clock: Clock, closing: AbortSignal): Promise<void> {
  for (const delayMs of [0, CONNECT_TIMEOUT_MS + REQUEST_TIMEOUT_MS]) {
    await clock.sleep(delayMs, closing)
    await host.shutdown(false).catch(() => undefined) // its connections are broken anyway
  }
}

/** Lets the driver repeat idempotent statements, once, on another host; of the others it only repeats what it has not sent. */
class OnceMoreElsewhere extends policies.retry.RetryPolicy {
  override onReadTimeout(info: policies.retry.OperationInfo): policies.retry.DecisionInfo {
    return this.#decide(info)
  }

  override onWriteTimeout(info: policies.retry.OperationInfo): policies.retry.DecisionInfo {
    return this.#decide(info)
  }

  override onUnavailable(info: policies.retry.OperationInfo): policies.retry.DecisionInfo {
    return this.#decide(info)
  }

  override onRequestError(info: policies.retry.OperationInfo): policies.retry.DecisionInfo {
    return this.#decide(info)
  }

  #decide({ nbRetry, executionOptions }: policies.retry.OperationInfo): policies.retry.DecisionInfo {
    if (nbRetry > 0 || !executionOptions.isIdempotent()) return this.rethrowResult()
    // The driver's own type forgets that an absent consistency keeps the statement's.
    return this.retryResult(undefined as unknown as types.consistencies, false)
  }
}

class DriverSession implements CassandraSession {
  readonly #connection: CassandraConnection
  readonly #client: Client
  #isClosed = false

  constructor(connection: CassandraConnection) {
    this.#connection = connection
    this.#client = connection.client
  }

  async execute(cql: string, parameters: readonly unknown[], { isIdempotent, ...options }: StatementOptions): Promise<readonly CassandraRow[]> {
    const rows: CassandraRow[] = []
    for await (const page of this.#pages(cql, parameters, options, isIdempotent)) for (const row of page) rows.push(row)
    return rows
  }

  pages(cql: string, parameters: readonly unknown[], options: ReadOptions): AsyncIterable<readonly CassandraRow[]> {
    return this.#pages(cql, parameters, options, true)
  }

  async conditional(statements: readonly CassandraStatement[], { timeoutMs = REQUEST_TIMEOUT_MS }: { readonly timeoutMs?: number } = {}): Promise<ConditionalResult> {
    const [first] = statements
    assert(first !== undefined, 'a conditional write has a statement')
    const options = { prepare: true, isIdempotent: false, readTimeout: timeoutMs }
    const { rows } = await this.#run(false, async () =>
      statements.length === 1
        ? await this.#client.execute(first.cql, [...first.parameters], options)
        : await this.#client.batch(statements.map(({ cql, parameters }) => ({ query: cql, params: [...parameters] })), { ...options, logged: true }))
    const isApplied = rows[0]?.['[applied]']
    assert(typeof isApplied === 'boolean', 'a conditional write has a condition')
    // A refusal without values means that the row does not exist.
    return { isApplied, rows: isApplied ? [] : (rows as readonly CassandraRow[]).filter((row) => Object.keys(row).length > 1) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#connection[Symbol.asyncDispose]()
  }

  async *#pages(cql: string, parameters: readonly unknown[], { isSerial = false, timeoutMs = REQUEST_TIMEOUT_MS, rowsPerPage = ROWS_PER_PAGE }: ReadOptions, isIdempotent: boolean): AsyncGenerator<readonly CassandraRow[]> {
    const consistency = isSerial ? types.consistencies.localSerial : types.consistencies.localQuorum
    for (let pageState: string | undefined; ;) {
      const result = await this.#run(isIdempotent, async () =>
        await this.#client.execute(cql, [...parameters], { prepare: true, isIdempotent, consistency, fetchSize: rowsPerPage, readTimeout: timeoutMs, ...(pageState === undefined ? {} : { pageState }) }))
      // A write has no rows at all, whatever the type says.
      const rows = result.rows as readonly CassandraRow[] | undefined
      if (rows !== undefined && rows.length > 0) yield rows
      // The driver says null, whatever the type says.
      const next = result.pageState as string | null | undefined
      if (next === null || next === undefined) return
      pageState = next
    }
  }

  async #run<Result>(isIdempotent: boolean, work: () => Promise<Result>): Promise<Result> {
    if (this.#isClosed) throw new CassandraUnavailableError('the session is closed')
    try {
      return await work()
    } catch (cause) {
      throw translate(cause, isIdempotent)
    }
  }
}

function translate(cause: unknown, isIdempotent: boolean): unknown {
  if (cause instanceof Error && lacksSchema(cause)) return new CassandraUnavailableError('a table or column is not there yet: run millrace migrate', { cause })
  if (!(cause instanceof Error) || isMistake(cause)) return cause
  if (isIdempotent || wasNotSent(cause)) return new CassandraUnavailableError('Cassandra did not answer a statement', { cause })
  return new CassandraOutcomeUnknownError('Cassandra did not tell the outcome of a write', { cause })
}

/** A service may be started before `millrace migrate` of its version has come to its end. Nothing was done then. */
function lacksSchema(cause: Error): boolean {
  return cause instanceof errors.ResponseError && cause.code === types.responseErrorCodes.invalid && /^(?:(?:unconfigured )?table \S+ does not exist|unconfigured table |undefined column name )/i.test(cause.message)
}

/** Wrong CQL, a wrong type of a parameter: no repetition helps. */
function isMistake(cause: Error): boolean {
  if (cause instanceof errors.ResponseError) return MISTAKES.has(cause.code)
  return cause instanceof TypeError || cause instanceof RangeError || cause instanceof errors.ArgumentError
}

/** Statements that may not be repeated are rethrown as they failed, so that "no host" means that none of them has been sent. An unavailable quorum may have been found after Paxos agreed. */
function wasNotSent(cause: Error): boolean {
  return cause instanceof errors.NoHostAvailableError || cause instanceof errors.BusyConnectionError
}

const MISTAKES: ReadonlySet<number> = new Set([
  types.responseErrorCodes.protocolError, types.responseErrorCodes.syntaxError, types.responseErrorCodes.unauthorized,
  types.responseErrorCodes.invalid, types.responseErrorCodes.configError, types.responseErrorCodes.alreadyExists,
])
