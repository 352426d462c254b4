import assert from 'node:assert/strict'
import { safeIntegerOf, textOf } from '@millrace/cassandra/cassandra-row'
import type { CassandraRow } from '@millrace/cassandra/cassandra-session'
import { CatalogUnavailableError, FencedError, type SealLog, type SealPosition } from './catalog.ts'
import type { CassandraDatabase } from './cassandra-database.ts'

/** The seal positions of the streams: one partition each, with the position as static columns and a row for every epoch that has ended. */
export function createCassandraSealPositions(db: CassandraDatabase): Pick<SealLog, 'claimSealer' | 'nameSeal' | 'readSealPosition'> {
  return {
    async claimSealer(stream, ownerId) {
      for (let attempt = 0; attempt < MAX_CLAIM_ATTEMPTS; attempt++) {
        const [row] = await db.readSerial(POSITION, [stream])
        const at = positionOf(row)
        if (row !== undefined && textOf(row, 'owner') === ownerId) return at
        const epoch = at.epoch + 1
        const refused = await db.conditional(
          row === undefined
            ? [{ cql: 'UPDATE seal_log SET epoch = ?, owner = ?, sequence = ?, through_commit = ? WHERE stream = ? IF epoch = null', parameters: [epoch, ownerId, 0, 0, stream] }]
            : [
                { cql: 'UPDATE seal_log SET epoch = ?, owner = ? WHERE stream = ? IF epoch = ? AND sequence = ?', parameters: [epoch, ownerId, stream, at.epoch, at.sequence] },
                // From here on nothing can name a tag of the old epoch above it.
                { cql: 'INSERT INTO seal_log (stream, ended_epoch, last_sequence) VALUES (?, ?, ?)', parameters: [stream, at.epoch, at.sequence] },
              ],
        )
        if (refused === undefined) return { ...at, epoch }
      }
      throw new CatalogUnavailableError(`${stream} was claimed or sealed ${MAX_CLAIM_ATTEMPTS} times while it was being claimed`)
    },

    async nameSeal(stream, { epoch, sequence, throughCommit }) {
      const [head] = await db.read('SELECT sequence FROM commit_heads WHERE stream = ?', [stream])
      assert(throughCommit <= (head === undefined ? 0 : safeIntegerOf(head, 'sequence')), 'a seal covers entries that exist')
      const refused = await db.conditional([
        { cql: 'UPDATE seal_log SET sequence = ?, through_commit = ? WHERE stream = ? IF epoch = ? AND sequence = ? AND through_commit <= ?', parameters: [sequence, throughCommit, stream, epoch, sequence - 1, throughCommit] },
      ])
      if (refused === undefined) return
      const at = positionOf(refused[0])
      if (at.epoch !== epoch) throw new FencedError(`the sealer of ${stream} is at epoch ${at.epoch}, not ${epoch}`)
      assert(at.sequence + 1 !== sequence, 'a seal goes forward')
      throw new FencedError(`the seal log of ${stream} goes on with ${at.sequence + 1}, not with ${sequence}`)
    },

    async readSealPosition(stream) {
      const [row] = await db.read(POSITION, [stream])
      return positionOf(row)
    },
  }
}

/** What a tag (stream, epoch, sequence) is worth. `pending`: its sealer may still name it. `dead`: nothing can. */
export type TagState = 'named' | 'pending' | 'dead'

export interface SealTag {
  readonly stream: string
  readonly epoch: number
  readonly sequence: number
}

export interface SealTags {
  /** Answers for tags of these streams and epochs, as they are now. */
  read(tags: readonly SealTag[]): Promise<SealTagStates>
}

export interface SealTagStates {
  stateOf(tag: SealTag): TagState
  /** Last named sequence of a stream. Every row with a tag up to it was stored before. */
  sequenceOf(stream: string): number
}

export function createSealTags(db: CassandraDatabase): SealTags {
  /** Where past epochs ended, by stream; never changes, so what is known stays known. */
  const ended = new Map<string, Map<number, number>>()

  /** Learns the ends of all epochs from `epoch` on. */
  const learn = async (stream: string, epoch: number): Promise<void> => {
    if (ended.size >= MAX_KNOWN_STREAMS) ended.clear()
    const rows = await db.read('SELECT ended_epoch, last_sequence FROM seal_log WHERE stream = ? AND ended_epoch >= ?', [stream, epoch])
    const known = ended.get(stream) ?? new Map<number, number>()
    for (const row of rows) known.set(safeIntegerOf(row, 'ended_epoch'), safeIntegerOf(row, 'last_sequence'))
    ended.set(stream, known)
  }

  const readStream = async (stream: string, epochs: readonly number[]): Promise<SealPosition> => {
    const [row] = await db.read(POSITION, [stream])
    const at = positionOf(row)
    const unknown = epochs.filter((epoch) => epoch > 0 && epoch < at.epoch && ended.get(stream)?.has(epoch) !== true)
    if (unknown.length > 0) await learn(stream, Math.min(...unknown))
    return at
  }

  return {
    async read(tags) {
      const epochs = new Map<string, Set<number>>()
      for (const { stream, epoch } of tags) epochs.set(stream, (epochs.get(stream) ?? new Set()).add(epoch))
      const positions = new Map(await Promise.all([...epochs].map(async ([stream, wanted]) => [stream, await readStream(stream, [...wanted])] as const)))
      return {
        stateOf({ stream, epoch, sequence }) {
          const at = positions.get(stream)
          assert(at !== undefined, 'a tag is asked for in a stream that was read')
          if (epoch < at.epoch) return sequence <= (ended.get(stream)?.get(epoch) ?? 0) ? 'named' : 'dead'
          return epoch === at.epoch && sequence <= at.sequence ? 'named' : 'pending'
        },
        sequenceOf: (stream) => positions.get(stream)?.sequence ?? 0,
      }
    },
  }
}

/** As for the commit log: so many in a row means that something is wrong with the engine. */
const MAX_CLAIM_ATTEMPTS = 20
/** Streams of a few generations are some hundred; beyond it all is learnt anew. */
const MAX_KNOWN_STREAMS = 10_000
/** Nothing in the partition is ever removed, so its first row is found at once. */
const POSITION = 'SELECT epoch, owner, sequence, through_commit FROM seal_log WHERE stream = ? LIMIT 1'

function positionOf(row: CassandraRow | undefined): SealPosition {
  if (row === undefined) return { epoch: 0, sequence: 0, throughCommit: 0 }
  return { epoch: safeIntegerOf(row, 'epoch'), sequence: safeIntegerOf(row, 'sequence'), throughCommit: safeIntegerOf(row, 'through_commit') }
}
