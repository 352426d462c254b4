import { bigintOf, bytesOf, intOf, safeIntegerOf, textOf } from '@millrace/cassandra/cassandra-row'
import type { CassandraRow, CassandraSession } from '@millrace/cassandra/cassandra-session'
import type { Clock } from '@millrace/runtime/clock'
import { objectKeyText, parseObjectKey, type ObjectKey } from './fragment-store.ts'

/** Sequences of one kind that share a partition: when all of its objects are gone, their deletions stay below the 1000 that Cassandra warns of in one read. */
export const BUCKET_SEQUENCES = 512
/** An empty bucket is forgotten this long after the last put into it. Far above the time between the two writes of a put, and above any skew of clocks. */
export const BUCKET_REST_MS = 60 * 60 * 1000

/** What was put under a key: two contents only when a put was cut and another one came with other bytes. */
export interface ObjectContent {
  readonly content: Buffer
  readonly size: number
}

/**
 * The list of what has bytes in the store, by stream: written before the bytes and removed after them, so that whatever a crash leaves is found.
 *
 * Objects come and go for years in one stream, and Cassandra remembers each deletion for a day. So keys lie in buckets by sequence, and the stream
 * keeps a list of the buckets that may hold something: one that is empty and rested is dropped from it, and its deletions are never scanned again.
 */
export class ObjectKeys {
  readonly #session: CassandraSession
  readonly #clock: Clock

  constructor(session: CassandraSession, clock: Clock) {
    this.#session = session
    this.#clock = clock
  }

  async add(key: ObjectKey, { content, size }: ObjectContent): Promise<void> {
    await this.#write('INSERT INTO object_keys (stream, kind, bucket, sequence, epoch, attempt, content, size) VALUES (?, ?, ?, ?, ?, ?, ?, ?)', [...columnsOf(key), content, size])
    // Second, and every time: a list that dropped the bucket a moment ago, because it did not see the key, dropped an older row than this.
    await this.#write('INSERT INTO object_buckets (stream, kind, bucket, is_used) VALUES (?, ?, ?, true)', columnsOf(key).slice(0, 3))
  }

  async contents(key: ObjectKey): Promise<readonly ObjectContent[]> {
    const rows = await this.#session.execute('SELECT content, size FROM object_keys WHERE stream = ? AND kind = ? AND bucket = ? AND sequence = ? AND epoch = ? AND attempt = ?', columnsOf(key), { isIdempotent: true })
    return rows.map((row) => ({ content: bytesOf(row, 'content'), size: intOf(row, 'size') }))
  }

  async remove(key: ObjectKey, { content }: ObjectContent): Promise<void> {
    await this.#write('DELETE FROM object_keys WHERE stream = ? AND kind = ? AND bucket = ? AND sequence = ? AND epoch = ? AND attempt = ? AND content = ?', [...columnsOf(key), content])
  }

  async *list(stream: string): AsyncGenerator<ObjectKey> {
    for await (const buckets of this.#session.pages('SELECT kind, bucket, writetime(is_used) AS used_at FROM object_buckets WHERE stream = ?', [stream], {})) {
      for (const row of buckets) {
        let isEmpty = true
        for await (const key of this.#listBucket(stream, row)) {
          isEmpty = false
          yield key
        }
        if (isEmpty) await this.#dropIfRested(stream, row)
      }
    }
  }

  async *#listBucket(stream: string, bucket: CassandraRow): AsyncGenerator<ObjectKey> {
    const kind = textOf(bucket, 'kind')
    let last: string | undefined
    for await (const rows of this.#session.pages('SELECT sequence, epoch, attempt FROM object_keys WHERE stream = ? AND kind = ? AND bucket = ?', [stream, kind, bigintOf(bucket, 'bucket')], {})) {
      for (const row of rows) {
        const text = `${stream}:${kind}:${safeIntegerOf(row, 'epoch')}:${safeIntegerOf(row, 'sequence')}:${textOf(row, 'attempt')}`
        if (text !== last) yield parseObjectKey(text) // contents of one key follow each other
        last = text
      }
    }
  }

  async #dropIfRested(stream: string, row: CassandraRow): Promise<void> {
    const usedAt = bigintOf(row, 'used_at')
    if (this.#clock.nowMs() - Number(usedAt / 1000n) < BUCKET_REST_MS) return
    // As of the moment that was read, so that a put that came since then keeps it.
    await this.#write('DELETE FROM object_buckets USING TIMESTAMP ? WHERE stream = ? AND kind = ? AND bucket = ?', [usedAt, stream, textOf(row, 'kind'), bigintOf(row, 'bucket')])
  }

  async #write(cql: string, parameters: readonly unknown[]): Promise<void> {
    await this.#session.execute(cql, parameters, { isIdempotent: true })
  }
}

function columnsOf(key: ObjectKey): readonly unknown[] {
  parseObjectKey(objectKeyText(key)) // refuses a key that could not be listed
  return [key.stream, key.kind, BigInt(Math.floor(key.sequence / BUCKET_SEQUENCES)), BigInt(key.sequence), BigInt(key.epoch), key.attempt]
}
