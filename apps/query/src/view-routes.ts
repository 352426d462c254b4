import type { ServerResponse } from 'node:http'
import { readJsonBody } from '@millrace/http/body'
import { refuse } from '@millrace/http/refuse'
import type { Route, RouteRequest } from '@millrace/http/route'
import { sendJson } from '@millrace/http/send-json'
import { compileFilter } from '@millrace/query-engine/filters/compile-filter'
import { parseQuery } from '@millrace/query-language/parse-query'
import { QuerySyntaxError } from '@millrace/query-language/query-syntax-error'
import { readIfMatch } from './if-match.ts'
import type { QueryContext } from './query-context.ts'
import { BadQuestionError, readRecord } from './read-question.ts'
import { createSavedViews, StaleViewError, TooManyViewsError, type NewView, type SavedView } from './saved-views.ts'
import { parseIntervalMs } from './time-range.ts'

/**
 * `/v1/views` and `/v1/views/:id`: the searches that a tenant keeps, for all who may search in it. Who may read what views show may also keep them, so the scope is `query` for all of it:
 * a view is a text that anybody with such a key could send as well, and changing one shows nothing and deletes no event.
 */
export function viewRoutes({ catalog, random }: Pick<QueryContext, 'catalog' | 'random'>): readonly Route[] {
  const views = createSavedViews(catalog, random)
  const route = (method: Route['method'], path: string, handle: (request: RouteRequest, response: ServerResponse) => Promise<void>): Route => ({
    method, path, scope: 'query', dialect: 'millrace',
    handle: async (request, response) => {
      try {
        await handle(request, response)
      } catch (error) {
        if (error instanceof StaleViewError) refuse('millrace', response, { status: 412, code: 'stale-version', detail: error.message })
        else if (error instanceof TooManyViewsError) refuse('millrace', response, { status: 400, code: 'bad-request', detail: error.message })
        else throw error
      }
    },
  })
  return [
    route('GET', '/v1/views', async ({ tenantId }, response) => {
      sendJson(response, 200, { views: await views.list(tenantId) })
    }),
    route('POST', '/v1/views', async ({ raw, tenantId }, response) => {
      sendView(response, 201, await views.add(tenantId, readView(await readJsonBody(raw))))
    }),
    route('GET', '/v1/views/:id', async ({ tenantId, params }, response) => {
      sendView(response, 200, (await views.list(tenantId)).find(({ id }) => id === params['id']))
    }),
    route('PUT', '/v1/views/:id', async ({ raw, tenantId, params }, response) => {
      const version = readIfMatch(raw.headers['if-match'], response)
      if (version !== undefined) sendView(response, 200, await views.replace(tenantId, params['id'] ?? '', version, readView(await readJsonBody(raw))))
    }),
    route('DELETE', '/v1/views/:id', async ({ raw, tenantId, params }, response) => {
      const version = readIfMatch(raw.headers['if-match'], response)
      if (version === undefined) return
      if (await views.remove(tenantId, params['id'] ?? '', version)) response.writeHead(204).end()
      else sendView(response, 204, undefined)
    }),
  ]
}

/** It stands in a menu. */
const MAX_NAME_LENGTH = 100
/** Longer ones are made by programs, which keep them themselves. */
const MAX_QUERY_LENGTH = 4000
const MAX_COLUMNS = 50
const MAX_COLUMN_LENGTH = 200
const DEFAULT_RANGE = '15m'
/** A range is this long. */
const MAX_RANGE_LENGTH = 12

function sendView(response: ServerResponse, status: number, view: SavedView | undefined): void {
  if (view === undefined) {
    refuse('millrace', response, { status: 404, code: 'not-found', detail: 'no such view' })
    return
  }
  response.setHeader('ETag', `"${view.version}"`)
  sendJson(response, status, view)
}

/** @throws {BadQuestionError} */
function readView(body: unknown): NewView {
  const { name, query = '*', columns = [], range = DEFAULT_RANGE } = readRecord(body, 'the body')
  if (typeof name !== 'string' || name.trim() === '' || name.length > MAX_NAME_LENGTH) throw new BadQuestionError(`name must be a text of 1 to ${MAX_NAME_LENGTH} characters`)
  if (typeof query !== 'string' || query.length > MAX_QUERY_LENGTH) throw new BadQuestionError(`query must be a text of at most ${MAX_QUERY_LENGTH} characters`)
  if (!Array.isArray(columns) || columns.length > MAX_COLUMNS || !columns.every((column): column is string => typeof column === 'string' && column !== '' && column.length <= MAX_COLUMN_LENGTH)) {
    throw new BadQuestionError(`columns must be at most ${MAX_COLUMNS} names of 1 to ${MAX_COLUMN_LENGTH} characters`)
  }
  if (typeof range !== 'string' || range.length > MAX_RANGE_LENGTH || parseIntervalMs(range) === undefined) throw new BadQuestionError('range must be written as "15m"')
  try {
    compileFilter(parseQuery(query)) // also refuses what parses and is no regular expression
  } catch (error) {
    if (error instanceof QuerySyntaxError) throw new BadQuestionError(`query, column ${error.column}: ${error.message}`, { cause: error })
    throw error
  }
  return { name: name.trim(), query, columns, range }
}
