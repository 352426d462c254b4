import type { LogExpr } from '@millrace/query-language/logql/ast'
import { Entry } from './entry.ts'
import { lowerLog } from './lower.ts'
import { createPipeline } from './pipeline.ts'
import type { TimeRange } from './request.ts'
import type { LokiRun } from './run.ts'
import { labelsKey, type Labels } from './series.ts'

/** Lines of equal labels: what Loki calls a stream of an answer. */
export interface LineStream {
  readonly stream: Labels
  /** `["<ns since 1970>", "line"]`, in the order that was asked for; with `{structuredMetadata, parsed}` behind them when labels are told apart. */
  readonly values: (readonly [ns: string, line: string] | readonly [ns: string, line: string, labels: LabelKinds])[]
}

export interface LabelKinds {
  readonly structuredMetadata?: Labels
  readonly parsed?: Labels
}

export interface LineQuestion extends TimeRange {
  readonly log: LogExpr
  readonly direction: 'forward' | 'backward'
  /** At least 1. */
  readonly limit: number
  /** Only labels of streams make a stream then, and the others stand at each line. */
  readonly areLabelsKinds: boolean
}

/** Finds the first lines in the order asked for. @throws {BadQuestionError} @throws {BadPatternError} */
export async function findLines(run: LokiRun, { log, startNs, endNs, direction, limit, areLabelsKinds }: LineQuestion): Promise<readonly LineStream[]> {
  const { filter, rest } = lowerLog(log)
  const pipeline = createPipeline(rest)
  const streams = new LineStreams(areLabelsKinds)
  const end = await run.list({ filter, fromNs: startNs, toNs: endNs }, { order: direction === 'forward' ? 'asc' : 'desc', pageEvents: rest.length === 0 ? Math.min(limit, MAX_PAGE_EVENTS) : MAX_PAGE_EVENTS }, (event) => {
    const entry = new Entry(event)
    if (pipeline(entry)) streams.add(entry)
    return streams.lines < limit
  })
  if (end === 'bound') run.miss({ reason: 'read-budget', detail: 'more lines had to be looked through than one query may read; narrow the time or the selector' })
  return streams.all
}

/** Gathers lines by their labels. */
export class LineStreams {
  readonly #streams = new Map<string, LineStream>()
  readonly #areLabelsKinds: boolean
  lines = 0

  constructor(areLabelsKinds: boolean) {
    this.#areLabelsKinds = areLabelsKinds
  }

  /** In the order in which they were met. */
  get all(): readonly LineStream[] {
    return [...this.#streams.values()]
  }

  add(entry: Entry): void {
    const labels = this.#areLabelsKinds ? Object.fromEntries(entry.stream) : entry.labels()
    const key = labelsKey(labels)
    const stream = this.#streams.get(key) ?? { stream: labels, values: [] }
    this.#streams.set(key, stream)
    const ns = String(entry.timestampNs)
    stream.values.push(this.#areLabelsKinds ? [ns, entry.line, kindsOf(entry)] : [ns, entry.line])
    this.lines++
  }
}

function kindsOf({ metadata, parsed }: Entry): LabelKinds {
  return { ...(metadata.size === 0 ? {} : { structuredMetadata: Object.fromEntries(metadata) }), ...(parsed.size === 0 ? {} : { parsed: Object.fromEntries(parsed) }) }
}

/** A page of long lines is some megabytes. */
const MAX_PAGE_EVENTS = 1000
