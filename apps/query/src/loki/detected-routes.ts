import type { ServerResponse } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { sendJson } from '@millrace/http/send-json'
import type { Route } from '@millrace/http/route'
import { parseLogql } from '@millrace/query-language/logql/parse-logql'
import { parseBytes, parseDurationNs } from '@millrace/query-language/logql/quantities'
import type { LogExpr } from '@millrace/query-language/logql/ast'
import type { QueryContext } from '../query-context.ts'
import { BadQuestionError } from '../read-question.ts'
import type { Entry } from './entry.ts'
import { filterOf } from './label-routes.ts'
import { lowerLog } from './lower.ts'
import { createParser, objectOf, visitJson } from './parsers.ts'
import { createPipeline, numberOf } from './pipeline.ts'
import { lokiRoute, readLimit, readTimeRange, type LokiRequest } from './request.ts'
import { sampleEntries, streamLabelsOf, valuesByLabel } from './sample.ts'

/**
 * What a sample of lines shows: `GET|POST /loki/api/v1/detected_labels`, `/detected_fields`, `/detected_field/:name/values`. Fields are structured metadata, and what `json` or
 * `logfmt` find in the lines; numbers of values are those of the sample.
 */
export function detectedRoutes(context: QueryContext): readonly Route[] {
  return [
    ...lokiRoute(context, '/loki/api/v1/detected_labels', answerLabels),
    ...lokiRoute(context, '/loki/api/v1/detected_fields', answerFields),
    ...lokiRoute(context, '/loki/api/v1/detected_field/:name/values', answerFieldValues),
  ]
}

/** As Loki's `line_limit`. */
const DEFAULT_LINES = 1000
const MAX_LINES = 5000
const DEFAULT_FIELDS = 1000
const MAX_FIELDS = 5000

async function answerLabels(request: LokiRequest, response: ServerResponse): Promise<void> {
  const { run, parameters } = request
  const entries = await sampleEntries(run, filterOf(parameters.get('query')), readTimeRange(request))
  const names = streamLabelsOf(entries)
  const detectedLabels = [...valuesByLabel(entries)].filter(([name]) => names.has(name)).map(([label, values]) => ({ label, cardinality: values.size }))
  sendJson(response, 200, { detectedLabels })
}

async function answerFields(request: LokiRequest, response: ServerResponse): Promise<void> {
  const limit = readLimit(request.parameters, { fallback: DEFAULT_FIELDS, max: MAX_FIELDS })
  const fields = [...await detect(request)].slice(0, limit).map(([label, { values, parser, jsonPath }]) => ({ label, type: typeOf(values), cardinality: values.size, parsers: parser === undefined ? null : [parser], ...(jsonPath === undefined ? {} : { jsonPath }) }))
  sendJson(response, 200, { fields, limit })
}

async function answerFieldValues(request: LokiRequest, response: ServerResponse): Promise<void> {
  const { parameters, params } = request
  const limit = readLimit(parameters, { fallback: DEFAULT_FIELDS, max: MAX_FIELDS })
  const values = (await detect(request)).get(params['name'] ?? '')?.values ?? new Set<string>()
  sendJson(response, 200, { values: [...values].slice(0, limit), limit })
}

/** Parsed in some ten milliseconds; others are served between. */
const BYTES_PER_TURN = 512 * 1024
/** What a line costs however short it is. */
const PER_LINE_BYTES = 1024

interface DetectedField {
  readonly values: Set<string>
  /** What finds it in the lines; undefined for structured metadata. */
  readonly parser: 'json' | 'logfmt' | undefined
  /** Keys from the outside to the inside, of a field that `json` finds: Grafana asks for it by them. */
  readonly jsonPath: readonly string[] | undefined
}

async function detect(request: LokiRequest): Promise<ReadonlyMap<string, DetectedField>> {
  const { run, parameters } = request
  const lines = readLimit(parameters, { name: 'line_limit', fallback: DEFAULT_LINES, max: MAX_LINES })
  const { filter, rest } = lowerLog(readLog(parameters))
  const pipeline = createPipeline(rest)
  const entries = await sampleEntries(run, filter, readTimeRange(request), lines)
  const streamLabels = streamLabelsOf(entries)
  const fields = new Map<string, DetectedField>()
  let bytes = 0
  for (const entry of entries) {
    bytes += entry.line.length + PER_LINE_BYTES
    if (bytes > BYTES_PER_TURN) {
      bytes = 0
      await nextTurn()
    }
    if (!pipeline(entry)) continue
    for (const [name, value] of entry.metadata) if (name === 'detected_level' || !streamLabels.has(name)) addValue(fields, name, value, undefined)
    const parser = parse(entry)
    const names = [...entry.parsed.keys()].filter((name) => !name.startsWith('__'))
    const paths = parser === 'json' && names.some((name) => !fields.has(name)) ? jsonPathsOf(entry) : NO_PATHS
    for (const name of names) addValue(fields, name, entry.label(name), parser, paths.get(name) ?? paths.get(name.replace(/_extracted$/, '')))
  }
  return fields
}

/** @throws {BadQuestionError} */
function readLog(parameters: URLSearchParams): LogExpr {
  const text = parameters.get('query') ?? ''
  const expr = parseLogql(text.trim() === '' ? '{}' : text)
  if (expr.type !== 'log') throw new BadQuestionError('only log queries have detected fields')
  return expr
}

const parseJson = createParser({ type: 'json', fields: [] })
const parseLogfmt = createParser({ type: 'logfmt', isStrict: true, keepsEmpty: false, fields: [] })

/** Lets the parser that fits find the line's labels. */
function parse(entry: Entry): 'json' | 'logfmt' | undefined {
  const line = entry.line.trimStart()
  if (line.startsWith('{')) {
    parseJson(entry)
    return 'json'
  }
  if (!LOGFMT.test(line)) return undefined
  parseLogfmt(entry)
  return 'logfmt'
}

const NO_PATHS: ReadonlyMap<string, readonly string[]> = new Map()

function jsonPathsOf(entry: Entry): ReadonlyMap<string, readonly string[]> {
  const paths = new Map<string, readonly string[]>()
  visitJson(objectOf(entry) ?? {}, (name, _, path) => paths.set(name, path))
  return paths
}

/** A line of prose has few words that are `key=`. */
const LOGFMT = /^[^\s="]+=/

function addValue(fields: Map<string, DetectedField>, name: string, value: string, parser: DetectedField['parser'], jsonPath?: readonly string[]): void {
  let field = fields.get(name)
  if (field === undefined) {
    if (fields.size >= MAX_FIELDS) return
    fields.set(name, (field = { values: new Set(), parser, jsonPath }))
  }
  if (value !== '') field.values.add(value)
}

/** The narrowest type that all values have. */
function typeOf(values: ReadonlySet<string>): 'boolean' | 'int' | 'float' | 'duration' | 'bytes' | 'string' {
  const all = [...values]
  if (all.length === 0) return 'string'
  if (all.every((value) => value === 'true' || value === 'false')) return 'boolean'
  if (all.every((value) => /^[+-]?\d{1,18}$/.test(value))) return 'int'
  if (all.every((value) => !Number.isNaN(numberOf(value, 'number')))) return 'float'
  if (all.every((value) => parseDurationNs(value) !== undefined)) return 'duration'
  return all.every((value) => parseBytes(value) !== undefined) ? 'bytes' : 'string'
}
