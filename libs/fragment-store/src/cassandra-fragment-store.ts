import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { bytesOf, intOf } from '@millrace/cassandra/cassandra-row'
import { openCassandraSession, type CassandraOptions, type CassandraSession } from '@millrace/cassandra/cassandra-session'
import type { Clock } from '@millrace/runtime/clock'
import { ObjectKeys, type ObjectContent } from './cassandra-object-keys.ts'
import { offsetOf, PART_BYTES, partsOf, ROW_BYTES, rowsOf, type PartRange } from './cassandra-object-layout.ts'
import { Slots } from './cassandra-slots.ts'
import { MAX_OBJECT_BYTES, ObjectConflictError, objectKeyText, parseObjectKey, StoreUnavailableError, type FragmentStore, type ObjectKey } from './fragment-store.ts'

export type CassandraFragmentStoreOptions = CassandraOptions

/** Keeps objects in rows of 256 KB in the tables that `migrateFragmentStore` has made; docs/design/cassandra-objects.md draws them. @throws {StoreUnavailableError} */
export async function openCassandraFragmentStore(options: CassandraFragmentStoreOptions): Promise<FragmentStore> {
  return new CassandraFragmentStore(await orUnavailable('opening the store failed', async () => await openCassandraSession(options)), options.clock)
}

/** Requests of one call that run at once: enough to keep several hosts busy, too few to push the others aside. */
const REQUESTS_PER_CALL = 8
/** Requests of the whole process that run at once: each holds at most 1 MB of rows. */
const REQUESTS_PER_PROCESS = 32
/** Heads that are kept in memory, the most recently used ones: some 200 bytes each, and one round trip saved on all reads of an object but the first. */
const KEPT_HEADS = 4096
/** Of a SHA-256: tells apart what one attempt puts under one key, where an attacker has no say. */
const CONTENT_BYTES = 16

class CassandraFragmentStore implements FragmentStore {
  readonly #session: CassandraSession
  readonly #keys: ObjectKeys
  readonly #slots = new Slots(REQUESTS_PER_PROCESS)
  /** In order of use, the oldest first. An object that has been removed meanwhile is found out by its missing bytes. */
  readonly #heads = new Map<string, ObjectContent>()

  constructor(session: CassandraSession, clock: Clock) {
    this.#session = session
    this.#keys = new ObjectKeys(session, clock)
  }

  async put(key: ObjectKey, bytes: Uint8Array): Promise<void> {
    assert(bytes.length > 0 && bytes.length <= MAX_OBJECT_BYTES, 'an object has 1 to MAX_OBJECT_BYTES bytes')
    const object = checkedText(key)
    const head: ObjectContent = { content: hash('sha256', bytes, 'buffer').subarray(0, CONTENT_BYTES), size: bytes.length }
    await orUnavailable('storing an object failed', async () => {
      const stored = await this.#readHead(object)
      if (stored !== undefined) {
        if (!isSame(stored, head)) throw new ObjectConflictError(key)
        return
      }
      await this.#keys.add(key, head)
      await this.#writeBytes(key, head, bytes)
      // The last step, and all or nothing: a put that is cut before it leaves nothing that a read finds.
      const { isApplied, rows: [other] } = await this.#session.conditional([{ cql: 'INSERT INTO object_heads (object, content, size) VALUES (?, ?, ?) IF NOT EXISTS', parameters: [object, head.content, head.size] }])
      if (isApplied || (other !== undefined && isSame({ content: bytesOf(other, 'content'), size: intOf(other, 'size') }, head))) return
      await this.#removeContent(key, head)
      throw new ObjectConflictError(key)
    })
  }

  async read(key: ObjectKey, start: number, end: number): Promise<Uint8Array | undefined> {
    assert(start >= 0 && start <= end && end <= MAX_OBJECT_BYTES, 'a range lies inside an object')
    const object = checkedText(key)
    return await orUnavailable('reading an object failed', async () => {
      const kept = start === end ? undefined : this.#keptHead(object)
      if (kept !== undefined && end <= kept.size) {
        const bytes = await this.#readBytes(key, kept, start, end)
        if (bytes !== undefined) return bytes
        this.#heads.delete(object)
      }
      const head = await this.#readHead(object)
      if (head === undefined) return undefined
      if (head.size < end) throw new StoreUnavailableError(`object ${object} ends at byte ${head.size}, before ${end}`)
      const bytes = await this.#readBytes(key, head, start, end)
      if (bytes !== undefined) {
        this.#keepHead(object, head)
        return bytes
      }
      // A removal takes the head first.
      if ((await this.#readHead(object)) === undefined) return undefined
      throw new StoreUnavailableError(`object ${object} has lost bytes between ${start} and ${end}`)
    })
  }

  async remove(key: ObjectKey): Promise<void> {
    const object = checkedText(key)
    await orUnavailable('removing an object failed', async () => {
      const contents = await this.#keys.contents(key)
      if (contents.length === 0) return // written before the head and removed after it
      // Conditional like the insertion, so that one that hangs is finished first and cannot come back.
      await this.#session.conditional([{ cql: 'DELETE FROM object_heads WHERE object = ? IF EXISTS', parameters: [object] }])
      this.#heads.delete(object)
      for (const content of contents) await this.#removeContent(key, content)
    })
  }

  async *list(stream: string): AsyncIterable<ObjectKey> {
    const keys = this.#keys.list(stream)
    try {
      for (;;) {
        const next = await orUnavailable('listing objects failed', async () => await keys.next())
        if (next.done === true) return
        yield next.value
      }
    } finally {
      await keys.return(undefined)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]()
  }

  async #writeBytes(key: ObjectKey, { content }: ObjectContent, bytes: Uint8Array): Promise<void> {
    const object = objectKeyText(key)
    const cql = `INSERT INTO ${tableOf(key)} (object, content, part, row, bytes) VALUES (?, ?, ?, ?, ?)`
    await this.#slots.forEach(rowsOf(bytes.length), REQUESTS_PER_CALL, async ({ part, row, start, end }) => {
      await this.#session.execute(cql, [object, content, part, row, Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start)], { isIdempotent: true })
    })
  }

  /** Undefined when a row is missing. */
  async #readBytes(key: ObjectKey, head: ObjectContent, start: number, end: number): Promise<Uint8Array | undefined> {
    const bytes = new Uint8Array(end - start)
    let filled = 0
    await this.#slots.forEach(partsOf(start, end), REQUESTS_PER_CALL, async (range) => {
      const copied = await this.#readPart(key, head, range, { start, bytes })
      filled += copied // not `filled += await …`, which adds to what it was before
    })
    return filled === bytes.length ? bytes : undefined
  }

  /** Copies what the rows have of the range; answers how many bytes that is. */
  async #readPart(key: ObjectKey, { content, size }: ObjectContent, { part, firstRow, lastRow }: PartRange, { start, bytes }: { readonly start: number; readonly bytes: Uint8Array }): Promise<number> {
    const cql = `SELECT row, bytes FROM ${tableOf(key)} WHERE object = ? AND content = ? AND part = ? AND row >= ? AND row <= ?`
    const rows = await this.#session.execute(cql, [objectKeyText(key), content, part, firstRow, lastRow], { isIdempotent: true })
    let copied = 0
    for (const row of rows) {
      const stored = bytesOf(row, 'bytes')
      const offset = offsetOf(part, intOf(row, 'row'))
      if (stored.length !== Math.min(ROW_BYTES, size - offset)) throw new StoreUnavailableError(`object ${objectKeyText(key)} has a damaged row at byte ${offset}`)
      const from = Math.max(0, start - offset)
      const wanted = stored.subarray(from, start + bytes.length - offset)
      bytes.set(wanted, offset + from - start)
      copied += wanted.length
    }
    return copied
  }

  async #removeContent(key: ObjectKey, content: ObjectContent): Promise<void> {
    const cql = `DELETE FROM ${tableOf(key)} WHERE object = ? AND content = ? AND part = ?`
    const parts = Array.from({ length: Math.ceil(content.size / PART_BYTES) }, (_, part) => part)
    await this.#slots.forEach(parts, REQUESTS_PER_CALL, async (part) => {
      await this.#session.execute(cql, [objectKeyText(key), content.content, part], { isIdempotent: true })
    })
    await this.#keys.remove(key, content)
  }

  async #readHead(object: string): Promise<ObjectContent | undefined> {
    const [row] = await this.#session.execute('SELECT content, size FROM object_heads WHERE object = ?', [object], { isIdempotent: true })
    return row === undefined ? undefined : { content: bytesOf(row, 'content'), size: intOf(row, 'size') }
  }

  #keptHead(object: string): ObjectContent | undefined {
    const head = this.#heads.get(object)
    if (head !== undefined) this.#keepHead(object, head)
    return head
  }

  #keepHead(object: string, head: ObjectContent): void {
    this.#heads.delete(object)
    this.#heads.set(object, head)
    for (const oldest of this.#heads.keys()) {
      if (this.#heads.size <= KEPT_HEADS) break
      this.#heads.delete(oldest)
    }
  }
}

/** Packs live minutes and the others days or months: each kind of life has files of its own, which compaction then need not untangle. */
function tableOf({ kind }: ObjectKey): 'pack_bytes' | 'sealed_bytes' {
  return kind === 'pack' ? 'pack_bytes' : 'sealed_bytes'
}

/** A key that the port's grammar refuses would be stored where no list can name it. */
function checkedText(key: ObjectKey): string {
  const text = objectKeyText(key)
  parseObjectKey(text)
  return text
}

function isSame(a: ObjectContent, b: ObjectContent): boolean {
  return a.size === b.size && a.content.equals(b.content)
}

async function orUnavailable<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof ObjectConflictError || cause instanceof StoreUnavailableError) throw cause
    throw new StoreUnavailableError(what, { cause })
  }
}
