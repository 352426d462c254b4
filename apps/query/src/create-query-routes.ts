import type { Route } from '@millrace/http/route'
import { refuse } from '@millrace/http/refuse'
import type { Registry } from '@millrace/telemetry/metrics'
import { createRetentions } from '@millrace/catalog/retentions'
import { createAdmission } from './admission.ts'
import { aggregateRoute } from './aggregate-route.ts'
import { contextRoute } from './context-route.ts'
import { deadLetterRoutes } from './dead-letter-routes.ts'
import { exportRoute } from './export-route.ts'
import { facetsRoute } from './facets-route.ts'
import { facetValuesRoute } from './facet-values-route.ts'
import { patternsRoute } from './patterns-route.ts'
import { pipelineRoutes } from './pipeline-routes.ts'
import { lokiRoutes } from './loki/loki-routes.ts'
import type { QueryContext } from './query-context.ts'
import { createQueryMetrics } from './query-metrics.ts'
import { receiptRoute } from './receipt-route.ts'
import { streamRoute } from './stream-route.ts'
import { statusRoute } from './status-route.ts'
import { searchRoutes } from './search-route.ts'
import { tailRoute } from './tail-route.ts'
import { withTraces } from './traced-engine.ts'
import { usageRoutes } from './usage-routes.ts'
import { viewRoutes } from './view-routes.ts'

/** Everything that query answers. A question that cannot be understood is a 400 in the route's dialect. */
export function createQueryRoutes({ registry, ...options }: Omit<QueryContext, 'admission' | 'retentionOf' | 'metrics'> & { readonly registry: Registry }): readonly Route[] {
  const context: QueryContext = {
    ...options,
    engine: withTraces(options.engine), admission: createAdmission(options.clock), retentionOf: createRetentions(options.catalog, options.clock), metrics: createQueryMetrics(registry),
  }
  const routes = [
    ...searchRoutes(context), aggregateRoute(context), facetValuesRoute(context), streamRoute(context), exportRoute(context), contextRoute(context), receiptRoute(context), ...deadLetterRoutes(context), tailRoute(context),
    facetsRoute(context), patternsRoute(context), ...usageRoutes(context), statusRoute(context), ...viewRoutes(context), ...pipelineRoutes(context), ...lokiRoutes(context),
  ]
  return routes.map((route): Route => ({
    ...route,
    handle: async (request, response) => {
      try {
        await route.handle(request, response)
      } catch (error) {
        if (!isBadQuestion(error)) throw error
        refuse(route.dialect, response, { status: 400, code: 'bad-query', detail: error.message })
      }
    },
  }))
}

/** By code and not by class: the engine's own refusals may come from another thread. */
function isBadQuestion(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'BAD_QUERY'
}
