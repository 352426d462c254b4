import type { Route } from '@millrace/http/route'
import type { QueryContext } from '../query-context.ts'
import { labelRoutes } from './label-routes.ts'
import { lokiQueryRoutes } from './query-routes.ts'

/** Loki's read API, as Grafana's data source and logcli call it (docs/logql.md). */
export function lokiRoutes(context: QueryContext): readonly Route[] {
  return [...lokiQueryRoutes(context), ...labelRoutes(context)]
}
