import type { ServerResponse } from 'node:http'
import type { Route, RouteRequest } from '@millrace/http/route'
import { sendJson } from '@millrace/http/send-json'
import { decodeLinesInSteps } from '@millrace/wire/decode-lines'
import type { DecodeOptions, DecodeSteps } from '@millrace/wire/decoded-events'
import { reservedDefaults } from '@millrace/wire/reserved-attributes'
import { decodeHecInSteps, HecSyntaxError, type HecProblem } from '@millrace/wire/splunk/decode-hec'
import { RECEIPT_HEADER } from './headers.ts'
import type { IntakeContext } from './intake-context.ts'
import { MAX_EVENTS_BODY_BYTES } from './read-body.ts'
import { takeBody } from './take-body.ts'

/** Splunk's HTTP Event Collector. An answer of 200 means durable, so there is no indexer acknowledgement to ask for: `/ack` says that it is off, as Splunk does. */
export function splunkRoutes(context: IntakeContext): readonly Route[] {
  const route = (method: Route['method'], path: string, scope: Route['scope'], handle: Route['handle']): Route => ({ method, path, scope, dialect: 'splunk', handle })
  const events = SPLUNK_EVENT_PATHS.map((path) => route('POST', path, 'ingest', async (request, response) => {
    await take(context, request, response, decodeHecInSteps)
  }))
  const raw = SPLUNK_RAW_PATHS.map((path) => route('POST', path, 'ingest', async (request, response) => {
    const { searchParams } = request.url
    const defaults = reservedDefaults({ host: searchParams.get('host'), source: searchParams.get('sourcetype') })
    await take(context, request, response, (body, options) => decodeLinesInSteps(body, options, defaults))
  }))
  const health = SPLUNK_HEALTH_PATHS.map((path) => route('GET', path, 'public', (_, response) => {
    sendJson(response, 200, { text: 'HEC is healthy', code: 17 })
    return Promise.resolve()
  }))
  const ack = route('POST', '/services/collector/ack', 'ingest', ({ raw: request }, response) => {
    request.resume() // which ids are asked for makes no difference
    sendJson(response, 400, { text: 'ACK is disabled', code: 14 })
    return Promise.resolve()
  })
  return [...events, ...raw, ...health, ack]
}

export const SPLUNK_EVENT_PATHS = ['/services/collector', '/services/collector/event', '/services/collector/event/1.0']
export const SPLUNK_RAW_PATHS = ['/services/collector/raw', '/services/collector/raw/1.0']
export const SPLUNK_HEALTH_PATHS = ['/services/collector/health', '/services/collector/health/1.0']

type Decode = (body: Uint8Array, options: DecodeOptions) => DecodeSteps

/** Answers 200 when at least one event was taken; those that are too old or from the future are counted in `rejected`. */
async function take(context: IntakeContext, { raw, tenantId, keyHash, receivedMs, url }: RouteRequest, response: ServerResponse, decode: Decode): Promise<void> {
  await context.bodies.read(tenantId, raw, MAX_EVENTS_BODY_BYTES, async (body) => {
    let taken
    try {
      taken = await takeBody(context, { tenantId, keyHash, path: `${url.pathname}${url.search}`, receivedMs }, body, decode)
    } catch (error) {
      if (!(error instanceof HecSyntaxError)) throw error
      const [text, code] = PROBLEMS[error.problem]
      sendJson(response, 400, { text, code, ...(error.problem === 'no-data' ? {} : { 'invalid-event-number': error.index }) })
      return
    }
    const { decoded, receipt } = taken
    const { received, rejected } = decoded
    if (received === 0) {
      sendJson(response, 400, { text: 'No data', code: 5 })
      return
    }
    if (receipt === undefined) {
      sendJson(response, 400, { text: `Invalid data format: ${rejected[0]?.reason}`, code: 6, 'invalid-event-number': rejected[0]?.index })
      return
    }
    response.setHeader(RECEIPT_HEADER, receipt)
    sendJson(response, 200, { text: 'Success', code: 0, ...(rejected.length === 0 ? {} : { rejected: rejected.length }) })
  })
}

/** Splunk's own texts and codes. */
const PROBLEMS: Readonly<Record<HecProblem, readonly [text: string, code: number]>> = {
  'no-data': ['No data', 5],
  'invalid': ['Invalid data format', 6],
  'event-missing': ['Event field is required', 12],
  'event-blank': ['Event field cannot be blank', 13],
}
