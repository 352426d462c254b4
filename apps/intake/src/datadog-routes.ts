import type { ServerResponse } from 'node:http'
import { refuse } from '@millrace/http/refuse'
import type { Route, RouteRequest } from '@millrace/http/route'
import { sendJson } from '@millrace/http/send-json'
import { decodeEventsInSteps } from '@millrace/wire/decode-events'
import type { DecodeOptions, DecodeSteps } from '@millrace/wire/decoded-events'
import { decodeLinesInSteps } from '@millrace/wire/decode-lines'
import { reservedDefaults } from '@millrace/wire/reserved-attributes'
import { RECEIPT_HEADER } from './headers.ts'
import type { IntakeContext } from './intake-context.ts'
import { MAX_EVENTS_BODY_BYTES } from './read-body.ts'
import { takeBody } from './take-body.ts'

/** Datadog's logs intake, as its agents, libraries and other shippers call it. */
export function datadogRoutes(context: IntakeContext): readonly Route[] {
  const handle = async (request: RouteRequest, response: ServerResponse): Promise<void> => {
    await takeLogs(context, request, response)
  }
  const logs = DATADOG_LOG_PATHS.map((path): Route => ({ method: 'POST', path, scope: 'ingest', dialect: 'datadog', handle }))
  const validate: Route = {
    method: 'GET', path: '/api/v1/validate', scope: 'ingest', dialect: 'datadog',
    handle: (_, response) => {
      sendJson(response, 200, { valid: true })
      return Promise.resolve()
    },
  }
  return [...logs, validate]
}

export const DATADOG_LOG_PATHS = ['/api/v2/logs', '/v1/input', '/v1/input/:apiKey', '/api/v1/input']

/**
 * Answers 202 also when some entries were refused: an agent drops the whole payload on a 400, and repeats it on nearly everything else. Answers 400 when none of several was taken.
 */
async function takeLogs(context: IntakeContext, request: RouteRequest, response: ServerResponse): Promise<void> {
  const { raw, tenantId, keyHash, receivedMs, url } = request
  const { searchParams } = url
  const defaults = reservedDefaults({ source: searchParams.get('ddsource'), tags: searchParams.get('ddtags'), host: searchParams.get('hostname'), service: searchParams.get('service') })
  const decode = (body: Uint8Array, options: DecodeOptions): DecodeSteps => (isText(raw.headers['content-type']) ? decodeLinesInSteps(body, options, defaults) : decodeEventsInSteps(body, { ...options, maxEventBytes: MAX_LOG_BYTES }, { defaults, maxMessageBytes: MAX_MESSAGE_BYTES }))
  await context.bodies.read(tenantId, raw, MAX_EVENTS_BODY_BYTES, async (body) => {
    // What agents ask with whether they are connected.
    if (body.length <= EMPTY_BODY_BYTES && /^\s*(\{\s*\}|\[\s*\])?\s*$/.test(Buffer.from(body).toString('latin1'))) {
      sendJson(response, 202, {})
      return
    }
    const path = `/api/v2/logs?${defaults.map(({ name, bytes }) => `${name}=${Buffer.from(bytes).toString('base64url')}`).join('&')}`
    const { decoded, receipt } = await takeBody(context, { tenantId, keyHash, path, receivedMs }, body, decode)
    if (receipt === undefined) {
      const [first] = decoded.rejected
      refuse('datadog', response, { status: 400, code: 'bad-events', detail: `none of ${decoded.received} logs was taken; log ${first?.index}: ${first?.reason}` })
      return
    }
    response.setHeader(RECEIPT_HEADER, receipt)
    sendJson(response, 202, {})
  })
}

/** Of one log, whose message is cut: an agent drops a payload that is refused, and takes a cut message for granted. */
const MAX_LOG_BYTES = MAX_EVENTS_BODY_BYTES
/** Fits a record of the bus however badly it packs. Datadog cuts at a megabyte. */
const MAX_MESSAGE_BYTES = 512 * 1024
/** Longer ones hold something. */
const EMPTY_BODY_BYTES = 64

/** `text/plain` has lines, also when Heroku's logplex frames them; everything else is tried as JSON, whatever it is called. */
function isText(contentType = ''): boolean {
  return /^(text\/plain|application\/logplex-1)\b/i.test(contentType)
}
