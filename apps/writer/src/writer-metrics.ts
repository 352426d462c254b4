import { AGE_BUCKETS_S, Counter, Histogram, sharedCounter, type Registry } from '@millrace/telemetry/metrics'

/** What the writer counts. */
export interface WriterMetrics {
  /** One entry of the commit log was written. @param ageMs since intake received the newest record that it took; undefined when it took none. */
  committed(ageMs: number | undefined): void
  /** A partition begins again from its commit. */
  restarted(): void
  keptDeadLetter(): void
}

export function createWriterMetrics(registry: Registry): WriterMetrics {
  const ages = new Histogram({ name: 'millrace_writer_commit_age_seconds', help: 'From the receipt of the newest record of a flush to its commit.', buckets: AGE_BUCKETS_S, registers: [registry] })
  const commits = new Counter({ name: 'millrace_writer_commits_total', help: 'Entries written to the commit logs.', registers: [registry] })
  const restarts = new Counter({ name: 'millrace_writer_restarts_total', help: 'Times that writing a partition began again from its commit, after an error.', registers: [registry] })
  const letters = sharedCounter(registry, { name: 'millrace_dead_letters_total', help: 'Records kept as dead letters, by the app that gave them up.', labelNames: ['app'] })
  letters.inc({ app: 'writer' }, 0)
  return {
    committed: (ageMs) => {
      commits.inc()
      if (ageMs !== undefined) ages.observe(Math.max(0, ageMs) / 1000)
    },
    restarted: () => {
      restarts.inc()
    },
    keptDeadLetter: () => {
      letters.inc({ app: 'writer' })
    },
  }
}
