import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createRouteTable } from '@millrace/http/match-route'
import { refuse, type Refusal } from '@millrace/http/refuse'
import type { Route } from '@millrace/http/route'
import type { Registry } from '@millrace/telemetry/metrics'
import type { Guard } from './guard.ts'
import { createMetricsListener } from './metrics-listener.ts'

export interface ListenerOptions {
  readonly guard: Guard
  /** Serves it at `/metrics`; absent where a port of their own does. */
  readonly registry?: Registry | undefined
  /** Routes that are called thousands of times a second: matched before express, which costs more than a small request's parsing. */
  readonly hotRoutes?: readonly Route[]
  /** All others; earlier ones go first. */
  readonly routes: readonly Route[]
  /** Adds what is no route, before all routes: the gateway's page. */
  readonly addPages?: (app: Express) => void
  /** What is answered where nothing else is; 404 by default. */
  readonly otherwise?: Refusal
}

/** What one process answers: its routes behind the guard, `/metrics` unless they have a port of their own, and a 404 in plain words for everything else. */
export function createListener({ guard, registry, hotRoutes = [], routes, addPages, otherwise = NOT_FOUND }: ListenerOptions): RequestListener {
  const app = express()
  app.disable('x-powered-by')
  app.set('etag', false)
  addPages?.(app)
  if (registry !== undefined) app.get('/metrics', createMetricsListener(registry))
  for (const route of routes) addRoute(app, guard, route)
  app.use((_, response) => {
    refuse('millrace', response, otherwise)
  })
  // Express itself refuses a path that is no valid percent-encoding. It knows an error handler by its four parameters.
  app.use((_error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    refuse('millrace', response, { status: 400, code: 'bad-request', detail: 'the request cannot be read' })
  })

  const findHot = createRouteTable(hotRoutes)
  return (request: IncomingMessage, response: ServerResponse) => {
    response.setHeader('X-Content-Type-Options', 'nosniff')
    const match = findHot(request.method ?? '', pathOf(request.url ?? '/'))
    if (match === undefined) void app(request, response)
    else void guard(match, request, response)
  }
}

const NOT_FOUND: Refusal = { status: 404, code: 'not-found', detail: 'there is nothing at this path' }

function addRoute(app: Express, guard: Guard, route: Route): void {
  const method = route.method.toLowerCase() as 'get' | 'head' | 'post' | 'put' | 'patch' | 'delete'
  app[method](route.path, async (request, response) => {
    await guard({ route, params: request.params as Readonly<Record<string, string>> }, request, response)
  })
}

function pathOf(url: string): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}
