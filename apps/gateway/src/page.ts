import { readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import type { Express } from 'express'

/** Serves the first page: a search box over the query API. Its files are read once. */
export function addPage(app: Express): void {
  for (const [path, file, type] of FILES) {
    const body = readFileSync(new URL(file, import.meta.url))
    app.get(path, (request, response, next) => {
      if (path === '/' && !isForBrowser(request)) {
        next()
        return
      }
      response.setHeader('Content-Type', type)
      response.setHeader('Content-Security-Policy', POLICY)
      response.setHeader('Referrer-Policy', 'no-referrer')
      response.setHeader('Cache-Control', 'no-cache')
      response.end(body)
    })
  }
}

/** `GET /` is Elasticsearch's banner unless the client asks for a page in so many words. */
function isForBrowser(request: IncomingMessage): boolean {
  return request.headers.accept?.includes('text/html') ?? false
}

const FILES = [
  ['/', './page/index.html', 'text/html; charset=utf-8'],
  ['/page/search.js', './page/search.js', 'text/javascript; charset=utf-8'],
  ['/page/style.css', './page/style.css', 'text/css; charset=utf-8'],
] as const
/** Nothing from elsewhere, nothing inline: what an event holds can never run. */
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
