import type { Clock } from '@millrace/runtime/clock'
import { Counter, Gauge, type Registry } from '@millrace/telemetry/metrics'

/** What the indexer counts, and what it shows of each partition that it has. */
export interface IndexerMetrics {
  sealed(): void
  /** Sealing a stream begins again from its seal log. */
  restarted(): void
  /** @param committedMs of the stream's first entry that is not sealed; undefined when all are. */
  unsealedSince(stream: string, committedMs: number | undefined): void
  /** @param rows that the stream's sealer knows of and no index holds. */
  unindexed(stream: string, rows: number): void
  /** The stream is another's now: it is shown no more. */
  released(stream: string): void
}

/** @param clock tells at each look how old the first unsealed entry is, so that a sealer that hangs shows too. */
export function createIndexerMetrics(registry: Registry, clock: Clock): IndexerMetrics {
  const since = new Map<string, number | undefined>()
  const seals = new Counter({ name: 'millrace_indexer_seals_total', help: 'Groups of packs sealed.', registers: [registry] })
  const restarts = new Counter({ name: 'millrace_indexer_restarts_total', help: 'Times that sealing a partition began again from its seal log, after an error.', registers: [registry] })
  const ages = new Gauge({
    name: 'millrace_indexer_unsealed_age_seconds', help: 'Age of the first commit that is not sealed; 0 when all are.', labelNames: ['partition'], registers: [registry],
    collect() {
      for (const [stream, committedMs] of since) this.set({ partition: partitionOf(stream) }, committedMs === undefined ? 0 : Math.max(0, clock.nowMs() - committedMs) / 1000)
    },
  })
  const unindexedRows = new Gauge({ name: 'millrace_indexer_unindexed_rows', help: 'Sealed fragments known to be in no index; those merged since they were noted count twice.', labelNames: ['partition'], registers: [registry] })
  return {
    sealed: () => {
      seals.inc()
    },
    restarted: () => {
      restarts.inc()
    },
    unsealedSince: (stream, committedMs) => {
      since.set(stream, committedMs)
    },
    unindexed: (stream, rows) => {
      unindexedRows.set({ partition: partitionOf(stream) }, rows)
    },
    released: (stream) => {
      since.delete(stream)
      for (const gauge of [ages, unindexedRows]) gauge.remove({ partition: partitionOf(stream) })
    },
  }
}

function partitionOf(stream: string): string {
  return stream.slice(stream.indexOf('/') + 1)
}
