import type { Route } from '@millrace/http/route'
import { sendJson } from '@millrace/http/send-json'
import type { CommitPosition } from '@millrace/catalog/catalog'
import type { QueryContext } from './query-context.ts'

/**
 * `GET /v1/status`: how far the pipeline is, by partition: records that are acknowledged and not committed, commits that are not sealed, dead letters; and until when
 * answers include everything. For admin keys: it counts what all tenants sent together.
 */
export function statusRoute({ bus, catalog, topics, frontier, clock }: Pick<QueryContext, 'bus' | 'catalog' | 'topics' | 'frontier' | 'clock'>): Route {
  const look = async (partition: number, positions: Map<string, CommitPosition>): Promise<PartitionStatus> => {
    const stream = `${topics.generation}/${partition}`
    // The end first: what is committed meanwhile makes the difference smaller than it was, never less than nothing.
    const end = await bus.endOffset(topics.batches, partition)
    const [position, { throughCommit }, firstLetter, endOfLetters] = await Promise.all([
      catalog.readPosition(stream), catalog.readSealPosition(stream), bus.startOffset(topics.deadLetters, partition), bus.endOffset(topics.deadLetters, partition),
    ])
    positions.set(stream, position)
    return { partition, waitingRecords: Math.max(0, end - position.nextSourceOffset), commits: position.sequence, unsealedCommits: Math.max(0, position.sequence - throughCommit), deadLetters: endOfLetters - firstLetter }
  }
  return {
    method: 'GET', path: '/v1/status', scope: 'admin', dialect: 'millrace',
    handle: async (_, response) => {
      const positions = new Map<string, CommitPosition>()
      const partitions: PartitionStatus[] = []
      for (let start = 0; start < topics.partitions; start += AT_ONCE) {
        partitions.push(...await Promise.all(Array.from({ length: Math.min(AT_ONCE, topics.partitions - start) }, async (_, index) => await look(start + index, positions))))
      }
      const untilMs = frontier.completeUntilMs(positions)
      const sum = (name: 'waitingRecords' | 'unsealedCommits' | 'deadLetters'): number => partitions.reduce((total, partition) => total + partition[name], 0)
      sendJson(response, 200, {
        generation: topics.generation,
        ...(untilMs === undefined ? {} : { completeUntil: new Date(untilMs).toISOString(), behindSeconds: Math.max(0, clock.nowMs() - untilMs) / 1000 }),
        waitingRecords: sum('waitingRecords'), unsealedCommits: sum('unsealedCommits'), deadLetters: sum('deadLetters'), partitions,
      })
    },
  }
}

interface PartitionStatus {
  readonly partition: number
  /** Of `batches`: acknowledged, not committed. */
  readonly waitingRecords: number
  readonly commits: number
  readonly unsealedCommits: number
  readonly deadLetters: number
}

/** Partitions looked at together: five calls each, of which two read the catalog at its strongest consistency. */
const AT_ONCE = 32
