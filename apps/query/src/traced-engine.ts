import type { QueryCost, Completeness, QueryEngine, Question } from '@millrace/query-engine/query-engine'
import { endWith, startChild } from '@millrace/telemetry/tracing'

/** An engine whose answers are spans of the requests that asked, where those are traced: what was asked for is not told, only what it took. Does not own `engine`. */
export function withTraces(engine: QueryEngine): QueryEngine {
  return {
    list: traced('list events', engine.list.bind(engine)),
    aggregate: traced('aggregate events', engine.aggregate.bind(engine)),
    facets: traced('list facets', engine.facets.bind(engine)),
    patterns: traced('group patterns', engine.patterns.bind(engine)),
    usage: traced('sum usage', engine.usage.bind(engine)),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

function traced<R extends Question, A extends Completeness & QueryCost>(name: string, ask: (request: R, signal: AbortSignal) => Promise<A>): (request: R, signal: AbortSignal) => Promise<A> {
  return async (request, signal) => {
    const span = startChild(name)
    if (span === undefined) return await ask(request, signal)
    const answered = ask(request, signal).then((answer) => {
      span.setAttributes({ 'millrace.query.scan_ms': answer.scanMs, 'millrace.query.complete': answer.complete, 'millrace.query.streams': request.streams.length })
      return answer
    })
    return await endWith(span, answered)
  }
}
