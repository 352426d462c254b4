import type { ServerResponse } from 'node:http'
import { NS_PER_MS, type TenantId } from '@millrace/event/event'
import { parseTimestamp } from '@millrace/event/timestamp'
import { BadBodyError, MAX_JSON_BODY_BYTES } from '@millrace/http/body'
import type { Route, RouteRequest } from '@millrace/http/route'
import { LogqlSyntaxError } from '@millrace/query-language/logql/logql-syntax-error'
import { parseDurationNs } from '@millrace/query-language/logql/quantities'
import { LokiRun } from './run.ts'
import type { QueryContext } from '../query-context.ts'
import { BadQuestionError } from '../read-question.ts'

/** One request of Loki's read API. */
export interface LokiRequest {
  readonly tenantId: TenantId
  readonly signal: AbortSignal
  readonly url: URL
  /** Of the path. */
  readonly params: Readonly<Record<string, string>>
  /** Of the address and, in a POST, of its form. */
  readonly parameters: URLSearchParams
  readonly headers: RouteRequest['raw']['headers']
  readonly nowNs: bigint
  /** What answering it reads. */
  readonly run: LokiRun
}

/** A GET and a POST that answer alike; a query that is none is a 400 with the reason as text. */
export function lokiRoute(context: QueryContext, path: string, answer: (request: LokiRequest, response: ServerResponse) => Promise<void>): readonly Route[] {
  return (['GET', 'POST'] as const).map((method) => ({
    method, path, scope: 'query', dialect: 'loki',
    handle: async ({ raw, url, params, tenantId, signal }, response) => {
      const parameters = new URLSearchParams(url.searchParams)
      if (method === 'POST') for (const [name, value] of await readForm(raw)) parameters.append(name, value)
      const nowNs = BigInt(Math.trunc(context.clock.nowMs())) * NS_PER_MS
      await asBadQuestion(async () => { await answer({ tenantId, signal, url, params, parameters, headers: raw.headers, nowNs, run: new LokiRun(context, tenantId, signal) }, response) })
    },
  }))
}

/** Lets errors of a query's text be answered as all errors of questions are. @throws {BadQuestionError} */
export async function asBadQuestion<T>(answer: () => Promise<T>): Promise<T> {
  try {
    return await answer()
  } catch (error) {
    if (error instanceof LogqlSyntaxError) throw new BadQuestionError(error.message, { cause: error })
    throw error
  }
}

export interface TimeRange {
  readonly startNs: bigint
  /** Exclusive. */
  readonly endNs: bigint
}

/** `start` and `end`, or `since`; the last hour by default. @throws {BadQuestionError} */
export function readTimeRange({ parameters, nowNs }: Pick<LokiRequest, 'parameters' | 'nowNs'>, defaultNs = HOUR_NS): TimeRange {
  const endNs = readTime(parameters, 'end') ?? nowNs
  const since = parameters.get('since')
  const sinceNs = since === null || since === '' ? defaultNs : parseDurationNs(since)
  if (sinceNs === undefined) throw new BadQuestionError(`could not parse 'since' parameter: not a valid duration string: ${JSON.stringify(since)}`)
  const startNs = readTime(parameters, 'start') ?? (endNs < nowNs ? endNs : nowNs) - sinceNs
  if (endNs < startNs) throw new BadQuestionError('end timestamp must not be before or equal to start time')
  return { startNs, endNs }
}

/** Nanoseconds or, up to ten digits, seconds since 1970; seconds with decimals; RFC 3339. @throws {BadQuestionError} */
export function readTime(parameters: URLSearchParams, name: string): bigint | undefined {
  const text = parameters.get(name)
  if (text === null || text === '') return undefined
  const [, sign = '', whole, decimals] = /^(-?)(\d{1,19})(?:\.(\d{0,30}))?$/.exec(text) ?? []
  if (whole !== undefined) {
    const isSeconds = decimals !== undefined || whole.length <= 10
    const ns = isSeconds ? BigInt(whole) * SECOND_NS + BigInt((decimals ?? '').slice(0, 9).padEnd(9, '0')) : BigInt(whole)
    if (ns <= MAX_TIME_NS) return sign === '-' ? -ns : ns
  }
  const ns = parseTimestamp(text)
  if (ns === undefined) throw new BadQuestionError(`could not parse '${name}' parameter: cannot parse ${JSON.stringify(text)} to a valid timestamp`)
  return ns
}

/** A number of seconds or a duration, in ms. @throws {BadQuestionError} */
export function readStepMs(parameters: URLSearchParams, { startNs, endNs }: TimeRange): number {
  const text = parameters.get('step')
  if (text === null || text === '') return Math.max(1, Math.floor(Number((endNs - startNs) / SECOND_NS) / DEFAULT_POINTS)) * 1000
  const ns = /^\d{1,12}(?:\.\d{1,9})?$/.test(text) ? Math.round(Number(text) * 1e9) : Number(parseDurationNs(text) ?? NaN)
  const ms = Math.round(ns / 1e6)
  if (Number.isNaN(ns)) throw new BadQuestionError(`cannot parse ${JSON.stringify(text)} to a valid duration`)
  if (ms < 1) throw new BadQuestionError('zero or negative query resolution step widths are not accepted. Try a positive integer')
  return ms
}

/** @throws {BadQuestionError} */
export function readLimit(parameters: URLSearchParams, { name = 'limit', fallback, max }: { readonly name?: string; readonly fallback: number; readonly max: number }): number {
  const text = parameters.get(name)
  if (text === null || text === '') return fallback
  const limit = Number(text)
  if (!Number.isInteger(limit)) throw new BadQuestionError(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`)
  if (limit <= 0) throw new BadQuestionError(`${name} must be a positive value`)
  if (limit > max) throw new BadQuestionError(`max entries limit per query exceeded, limit > max_entries_limit_per_query (${limit} > ${max})`)
  return limit
}

/** The text of `query`. @throws {BadQuestionError} */
export function readQueryText(parameters: URLSearchParams): string {
  const text = parameters.get('query')
  if (text === null || text.trim() === '') throw new BadQuestionError("parse error : syntax error: unexpected $end: the parameter 'query' is missing")
  return text
}

const SECOND_NS = 1_000_000_000n
const HOUR_NS = 3600n * SECOND_NS
/** Of a graph whose step is not given, as Loki's. */
const DEFAULT_POINTS = 250
/** The largest time that 64 bits hold. */
const MAX_TIME_NS = 9_223_372_036_854_775_807n

async function readForm(raw: RouteRequest['raw']): Promise<URLSearchParams> {
  const type = raw.headers['content-type'] ?? FORM
  if (!type.toLowerCase().startsWith(FORM)) throw new BadBodyError(415, 'unsupported-encoding', `the body must be ${FORM}`)
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of raw as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_JSON_BODY_BYTES) throw new BadBodyError(413, 'body-too-large', `the body is larger than ${MAX_JSON_BODY_BYTES} bytes`)
    chunks.push(chunk)
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
}

const FORM = 'application/x-www-form-urlencoded'
