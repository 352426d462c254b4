import { readdir, readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Express } from 'express'
import { refuse } from '@millrace/http/refuse'
import type { Log } from '@millrace/telemetry/log'
import { ensurePage } from '@millrace/web/ensure-page'

/** The page of apps/web, as a browser gets it. */
export interface Page {
  /** Reads the page, which is built first where that is needed. Done by the first request unless it was before; a failure is logged, and tried again then. */
  load(): Promise<void>
  /** Adds `/` and what it loads. */
  addTo(app: Express): void
}

export function createPage(log: Log): Page {
  let loading: Promise<ReadonlyMap<string, PageFile>> | undefined
  const files = async (): Promise<ReadonlyMap<string, PageFile>> => {
    loading ??= readPage().catch((error: unknown) => {
      loading = undefined
      log.error({ err: error }, 'the page cannot be shown')
      throw error
    })
    return await loading
  }
  const send = async (path: string, response: ServerResponse): Promise<void> => {
    const page = await files().catch(() => undefined)
    const file = page?.get(path)
    if (page === undefined) refuse('millrace', response, { status: 503, code: 'unavailable', detail: 'the page could not be built; the log of the process says why', retryAfterS: RETRY_AFTER_S })
    else if (file === undefined) refuse('millrace', response, { status: 404, code: 'not-found', detail: 'the page has no such file' })
    else {
      response.setHeader('Content-Type', file.type)
      response.setHeader('Content-Security-Policy', POLICY)
      response.setHeader('Referrer-Policy', 'no-referrer')
      response.setHeader('Cross-Origin-Opener-Policy', 'same-origin')
      // Assets are named by their content; the page that names them is asked for each time.
      response.setHeader('Cache-Control', path === '/' ? 'no-cache' : 'public, max-age=31536000, immutable')
      response.setHeader('Vary', 'Accept-Encoding')
      const isPacked = response.req.headers['accept-encoding']?.includes('gzip') === true
      if (isPacked) response.setHeader('Content-Encoding', 'gzip')
      response.end(isPacked ? file.packed : file.bytes)
    }
  }
  return {
    load: async () => void (await files().catch(() => undefined)),
    addTo(app) {
      app.get('/', async (request, response, next) => {
        if (isForBrowser(request)) await send('/', response)
        else next()
      })
      app.get('/assets/:name', async (request, response) => {
        await send(`/assets/${request.params.name}`, response)
      })
    },
  }
}

interface PageFile {
  readonly type: string
  readonly bytes: Buffer
  /** The same by gzip: a third. */
  readonly packed: Buffer
}

async function readPage(): Promise<ReadonlyMap<string, PageFile>> {
  const folder = await ensurePage()
  const read = async (path: string): Promise<PageFile> => {
    const bytes = await readFile(join(folder, path))
    return { type: TYPES[extname(path)] ?? 'application/octet-stream', bytes, packed: await promisify(gzip)(bytes, { level: 9 }) }
  }
  const assets = await Promise.all((await readdir(join(folder, 'assets'))).map(async (name) => [`/assets/${name}`, await read(`assets/${name}`)] as const))
  return new Map([['/', await read('index.html')], ...assets])
}

/** `GET /` is Elasticsearch's banner unless the client asks for a page in so many words. */
function isForBrowser(request: IncomingMessage): boolean {
  return request.headers.accept?.includes('text/html') ?? false
}

const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' }
/** A build takes some seconds. */
const RETRY_AFTER_S = 10
/** Nothing from elsewhere, nothing inline, and no text ever becomes markup or code: what an event holds can never run. */
const POLICY = [
  "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self' data:", "font-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
  "require-trusted-types-for 'script'", "trusted-types 'none'",
].join('; ')
