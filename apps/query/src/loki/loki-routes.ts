import { sendJson } from '@millrace/http/send-json'
import type { Route } from '@millrace/http/route'
import { parseLogql } from '@millrace/query-language/logql/parse-logql'
import { printLogql } from '@millrace/query-language/logql/print-logql'
import type { QueryContext } from '../query-context.ts'
import { detectedRoutes } from './detected-routes.ts'
import { labelRoutes } from './label-routes.ts'
import { patternRoute } from './pattern-route.ts'
import { lokiQueryRoutes } from './query-routes.ts'
import { lokiRoute, readQueryText } from './request.ts'
import { lokiTailRoute } from './tail-route.ts'
import { volumeRoutes } from './volume-routes.ts'

/** Loki's read API, as Grafana's data source and logcli call it (docs/logql.md). */
export function lokiRoutes(context: QueryContext): readonly Route[] {
  return [
    ...lokiQueryRoutes(context), ...labelRoutes(context), ...volumeRoutes(context), ...detectedRoutes(context), ...patternRoute(context), lokiTailRoute(context),
    ...lokiRoute(context, '/loki/api/v1/format_query', ({ parameters }, response) => {
      sendJson(response, 200, { status: 'success', data: printLogql(parseLogql(readQueryText(parameters))) })
      return Promise.resolve()
    }),
    ...lokiRoute(context, '/loki/api/v1/status/buildinfo', (_, response) => {
      sendJson(response, 200, BUILD)
      return Promise.resolve()
    }),
  ]
}

/** Of Loki, whose answers these are: Grafana decides by the version what it asks for. */
const BUILD = { version: '3.0.0', revision: 'millrace', branch: 'HEAD', buildUser: '', buildDate: '', goVersion: '' }
