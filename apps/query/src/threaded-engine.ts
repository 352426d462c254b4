import type { AggregateAnswer, AggregateRequest, FacetsAnswer, FacetsRequest, ListAnswer, ListRequest, PatternsAnswer, PatternsRequest, QueryEngine, UsageAnswer, UsageRequest } from '@millrace/query-engine/query-engine'
import type { ServiceMethods, ServiceThread } from '@millrace/runtime/service-thread'

/** An engine in another thread, so that scans do not hold up requests. Disposing it ends the thread. */
export function createThreadedEngine(thread: ServiceThread): QueryEngine {
  return {
    list: async (request, signal) => (await thread.call('list', request, signal)) as ListAnswer,
    aggregate: async (request, signal) => (await thread.call('aggregate', request, signal)) as AggregateAnswer,
    facets: async (request, signal) => (await thread.call('facets', request, signal)) as FacetsAnswer,
    patterns: async (request, signal) => (await thread.call('patterns', request, signal)) as PatternsAnswer,
    usage: async (request, signal) => (await thread.call('usage', request, signal)) as UsageAnswer,
    async [Symbol.asyncDispose]() {
      await thread[Symbol.asyncDispose]()
    },
  }
}

/** The other side: what the thread serves. */
export function engineMethods(engine: QueryEngine): ServiceMethods {
  return {
    list: async (request: ListRequest, signal: AbortSignal) => await engine.list(request, signal),
    aggregate: async (request: AggregateRequest, signal: AbortSignal) => await engine.aggregate(request, signal),
    facets: async (request: FacetsRequest, signal: AbortSignal) => await engine.facets(request, signal),
    patterns: async (request: PatternsRequest, signal: AbortSignal) => await engine.patterns(request, signal),
    usage: async (request: UsageRequest, signal: AbortSignal) => await engine.usage(request, signal),
  }
}
