import type { SealedRow } from '@millrace/catalog/catalog'
import { withRetentionClasses } from '@millrace/catalog/retention-classes'
import { catalogWeeks, type CatalogScope } from './catalog-weeks.ts'
import { indexStoredRows, unindexedRows, type IndexingOptions } from './index-stored-rows.ts'
import type { SealerOptions } from './sealer-options.ts'

/** Indexes what one stream has sealed and no index holds, little by little, beside the sealing. */
export interface CatchUp {
  /** Rows were sealed and could not be indexed. */
  noteLeft(rows: readonly SealedRow[]): void
  /** Does one round. @throws what the ports throw: then the next round goes on where this one stood. */
  run(): Promise<void>
}

/**
 * Looks through the whole catalog when it begins, since it cannot know what a sealer before it has left, and whenever an index has vanished; otherwise
 * only at the days it was told of. Each stream's sealer cares for the rows of its own stream, so that none is indexed twice; the first one of a
 * generation also for those of earlier generations, which no one seals any more.
 */
export function createCatchUp(options: IndexingOptions & Pick<SealerOptions, 'clock' | 'metrics'>, stream: string): CatchUp {
  const { catalog, index, clock, log, metrics } = options
  const noted = new Map<string, { readonly scope: CatalogScope; readonly fromMs: number; readonly rowIds: Set<string> }>()
  /** Of all that is noted. */
  let notedRows = 0
  let everything: Iterator<CatalogScope> | undefined
  let dueMs = clock.monotonicMs()
  let current: CatalogScope | undefined
  /** Rows of `current` that wait for their turn, as far as is known. */
  let currentRows = 0
  /** Row ids of `current` that stay unindexed for now. */
  const skipped = new Set<string>()
  let lastUuids: ReadonlySet<string> = new Set()

  const isMine = ({ stream: own }: SealedRow): boolean => own === stream || (stream.endsWith('/0') && generationOf(own) !== generationOf(stream))

  const nextScope = async (): Promise<CatalogScope | undefined> => {
    for (const [key, { scope, fromMs, rowIds }] of noted) {
      if (clock.monotonicMs() < fromMs) continue
      noted.delete(key)
      notedRows -= rowIds.size
      currentRows = rowIds.size
      return scope
    }
    if (everything === undefined) {
      if (clock.monotonicMs() < dueMs) return undefined
      dueMs = Infinity
      everything = catalogWeeks(await withRetentionClasses(catalog, await catalog.listTenants()), clock.nowMs())
    }
    const { value, done } = everything.next()
    if (done !== true) return value
    everything = undefined
    return undefined
  }

  const show = (): void => {
    metrics?.unindexed(stream, notedRows + currentRows)
  }

  const note = (rows: readonly SealedRow[], fromMs: number): void => {
    for (const { tenantId, kind, dayNs, rowId } of rows) {
      const key = `${tenantId} ${kind} ${dayNs}`
      if (noted.size >= MAX_NOTED) {
        dueMs = Math.min(dueMs, fromMs)
        continue
      }
      const rowIds = noted.get(key)?.rowIds ?? new Set()
      noted.set(key, { scope: { tenantId, kind, fromDayNs: dayNs, toDayNs: dayNs }, fromMs, rowIds })
      if (notedRows >= MAX_NOTED_ROWS || rowIds.has(rowId)) continue
      rowIds.add(rowId)
      notedRows += 1
    }
  }

  /** Indexes at most `limit` rows of the current scope; answers how many it has tried. */
  const indexSome = async ({ tenantId, kind, fromDayNs, toDayNs }: CatalogScope, uuids: ReadonlySet<string>, limit: number): Promise<number> => {
    const rows = unindexedRows(await catalog.readSealed(tenantId, kind, fromDayNs, toDayNs), uuids).filter((row) => isMine(row) && !skipped.has(row.rowId))
    const some = rows.slice(0, limit)
    currentRows = rows.length
    const left = await indexStoredRows(options, some)
    if (some.length > left.length) log.info({ stream, tenantId, kind, rows: some.length - left.length }, 'indexed what was left unindexed')
    // What fails by itself would fail again at once, and must not keep the rest from its turn.
    for (const { rowId } of left) skipped.add(rowId)
    currentRows = rows.length - some.length
    note(left, clock.monotonicMs() + RETRY_MS)
    if (some.length === rows.length) {
      current = undefined
      skipped.clear()
    }
    return some.length
  }

  const runRound = async (): Promise<void> => {
    const uuids = await index.uuids()
    if ([...lastUuids].some((uuid) => !uuids.has(uuid))) dueMs = clock.monotonicMs()
    lastUuids = uuids
    let tried = 0
    for (let reads = 0; reads < MAX_READS && tried < MAX_ROWS; reads++) {
      current ??= await nextScope()
      if (current === undefined) return
      tried += await indexSome(current, uuids, MAX_ROWS - tried)
    }
  }

  return {
    noteLeft(rows) {
      note(rows, clock.monotonicMs())
      show()
    },
    async run() {
      try {
        await runRound()
      } finally {
        show()
      }
    },
  }
}

/** Rows of one round: some seconds, in which sealing waits. */
const MAX_ROWS = 64
/** Reads of the catalog in one round, each of one tenant, kind and week at most. */
const MAX_READS = 256
/** Days to remember; beyond it the whole catalog is looked through. */
const MAX_NOTED = 10_000
/** Ids to remember of rows on noted days, only to tell their number: a megabyte, and ten times what is alarming. */
const MAX_NOTED_ROWS = 10_000
/** Until rows that could not be read, or were refused, are tried again. */
const RETRY_MS = 10 * 60_000

function generationOf(stream: string): string {
  return stream.slice(0, stream.indexOf('/'))
}
