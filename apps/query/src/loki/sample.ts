import type { QueryAst } from '@millrace/query-language/ast'
import { Entry } from './entry.ts'
import type { TimeRange } from './request.ts'
import type { LokiRun } from './run.ts'

/**
 * Events spread over a time range: the newest of each of a few equal slices. What is asked of many events, and the engine has no answer for, is asked of these: which names
 * there are, and what lines look like. A range with few events is read as a whole.
 */
export async function sampleEntries(run: LokiRun, filter: QueryAst, { startNs, endNs }: TimeRange, events = DEFAULT_SAMPLE_EVENTS): Promise<readonly Entry[]> {
  const entries: Entry[] = []
  const each = Math.ceil(events / SLICES)
  for (let slice = 0n; slice < SLICES; slice++) {
    const fromNs = startNs + ((endNs - startNs) * slice) / BigInt(SLICES)
    const toNs = startNs + ((endNs - startNs) * (slice + 1n)) / BigInt(SLICES)
    const upTo = entries.length + each
    await run.list({ filter, fromNs, toNs }, { order: 'desc', pageEvents: Math.min(each, MAX_PAGE_EVENTS) }, (event) => entries.push(new Entry(event)) < upTo)
  }
  return entries
}

/** As many lines as Loki itself looks at for its detected fields. */
const DEFAULT_SAMPLE_EVENTS = 1000
/** A burst at the end must not hide what was before. */
const SLICES = 4
/** A page of long lines is some megabytes. */
const MAX_PAGE_EVENTS = 1000

/** The labels that tell streams apart, as far as a sample shows: those of streams, and attributes and tags with few short values, as what was pushed as a label has. */
export function streamLabelsOf(entries: readonly Entry[]): ReadonlySet<string> {
  const values = valuesByLabel(entries)
  return new Set([...values].filter(([name, of]) => !NO_STREAM_LABELS.has(name) && of.size <= MAX_LABEL_VALUES && [...of].every((value) => value.length <= MAX_LABEL_LENGTH)).map(([name]) => name))
}

/** Every value that a label has in a sample. */
export function valuesByLabel(entries: readonly Entry[]): ReadonlyMap<string, ReadonlySet<string>> {
  const values = new Map<string, Set<string>>()
  for (const entry of entries) {
    for (const [name, value] of [...entry.stream, ...entry.metadata]) {
      let of = values.get(name)
      if (of === undefined) values.set(name, (of = new Set()))
      of.add(value)
    }
  }
  return values
}

/** More values than this in a thousand events are measurements or ids. */
const MAX_LABEL_VALUES = 50
/** Of a value, in characters: labels are names of things. */
const MAX_LABEL_LENGTH = 256
const NO_STREAM_LABELS: ReadonlySet<string> = new Set(['detected_level', 'trace_id', 'span_id', 'tags'])
