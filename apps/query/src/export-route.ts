import type { Route } from '@millrace/http/route'
import type { ListRequest, RenderedEvent } from '@millrace/query-engine/query-engine'
import { cellsOf, csvLine } from './csv.ts'
import { clippedFrom, completenessOf, streamsOf, type QueryContext } from './query-context.ts'
import { BadQuestionError } from './read-question.ts'
import { renderEvent } from './search-route.ts'
import { readUrlChoice, readUrlFilter } from './url-question.ts'
import { endLine, Whole } from './whole-answer.ts'
import { writeText } from './write-text.ts'

/**
 * `GET /v1/export?format=ndjson|csv&query=&from=&to=&order=`: all matching events, page by page as the client takes them, at most one page in memory.
 * The last line says how many there were and whether they are all; an export without that line was cut.
 */
export function exportRoute(context: QueryContext): Route {
  const { clock, engine, topics } = context
  return {
    method: 'GET', path: '/v1/export', scope: 'query', dialect: 'millrace',
    handle: async ({ tenantId, url, signal }, response) => {
      const format = formatOf(url)
      const order = readUrlChoice(url, 'order', ['asc', 'desc'])
      const { filter, fromNs, toNs } = readUrlFilter(url, clock.nowMs())
      const asked: ListRequest = { tenantId, kind: 'log', fromNs: await clippedFrom(context, tenantId, fromNs), toNs, filter, streams: streamsOf(topics, tenantId), order, limit: PAGE_EVENTS }
      const whole = new Whole()
      for (let after: ListRequest['after']; ;) {
        const request = after === undefined ? asked : { ...asked, after }
        const page = await context.admission.run(tenantId, signal, async () => await engine.list(request, signal)).catch((error: unknown) => {
          if (!response.headersSent) throw error
          if (!signal.aborted) context.log.warn({ err: error }, 'an export was interrupted')
          return undefined
        })
        if (page === undefined) {
          whole.interrupt()
          break
        }
        whole.add(page.events.length, completenessOf(context, page))
        if (!response.headersSent) {
          response.writeHead(200, { 'Content-Type': format.contentType, 'Content-Disposition': `attachment; filename="events.${format.name}"`, 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' })
          response.write(format.head)
        }
        await writeText(response, page.events.map(format.line).join(''))
        const last = page.events.at(-1)
        if (signal.aborted) return
        if (!page.hasMore || last === undefined) break
        after = { timestampNs: last.timestampNs, id: last.id }
      }
      response.end(format.end(whole))
    },
  }
}

/** A page of long lines is some megabytes. */
const PAGE_EVENTS = 1000
/** A table wider than this is read by programs, which take NDJSON. */
const MAX_COLUMNS = 100
const DEFAULT_COLUMNS = 'timestamp,status,service,host,message'

interface Format {
  readonly name: string
  readonly contentType: string
  readonly head: string
  readonly line: (event: RenderedEvent) => string
  readonly end: (whole: Whole) => string
}

function formatOf(url: URL): Format {
  if (readUrlChoice(url, 'format', ['ndjson', 'csv']) === 'ndjson') {
    return { name: 'ndjson', contentType: 'application/x-ndjson', head: '', line: (event) => `${renderEvent(event)}\n`, end: (whole) => endLine(whole) }
  }
  const columns = (url.searchParams.get('columns') ?? DEFAULT_COLUMNS).split(',')
  if (columns.length > MAX_COLUMNS || columns.includes('') || columns.includes('@')) throw new BadQuestionError(`columns must be 1 to ${MAX_COLUMNS} names between commas`)
  const isFormulaSafe = readUrlChoice(url, 'formulas', ['escape', 'keep']) === 'escape'
  return {
    name: 'csv', contentType: 'text/csv; charset=utf-8', head: csvLine(columns, false),
    line: (event) => csvLine(cellsOf(event, columns), isFormulaSafe),
    end: (whole) => `# ${whole.isComplete ? 'complete' : `incomplete (${[...new Set([...whole.missing.values()].map(({ reason }) => reason))].join(' ')})`}: ${whole.events} events\r\n`,
  }
}
