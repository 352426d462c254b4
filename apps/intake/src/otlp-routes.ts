import type { ServerResponse } from 'node:http'
import { refuse } from '@millrace/http/refuse'
import type { Route, RouteRequest } from '@millrace/http/route'
import { JsonShapeError } from '@millrace/wire/json-cursor'
import { decodeLogsJsonInSteps } from '@millrace/wire/otlp/decode-logs-json'
import { decodeLogsProtobufInSteps } from '@millrace/wire/otlp/decode-logs-protobuf'
import { exportReplyJson, exportReplyProtobuf, type ExportReply } from '@millrace/wire/otlp/render-reply'
import { ProtobufError } from '@millrace/wire/protobuf-reader'
import type { DecodedEvents } from '@millrace/wire/decoded-events'
import { RECEIPT_HEADER } from './headers.ts'
import type { IntakeContext } from './intake-context.ts'
import { MAX_OTLP_BODY_BYTES } from './read-body.ts'
import { takeBody } from './take-body.ts'

export const OTLP_LOG_PATHS = ['/v1/logs', '/otlp/v1/logs']

/** OTLP/HTTP for logs: Protocol Buffers or JSON, answered in the same. */
export function otlpRoutes(context: IntakeContext): readonly Route[] {
  return OTLP_LOG_PATHS.map((path) => ({
    method: 'POST', path, scope: 'ingest', dialect: 'otlp',
    handle: async (request, response) => {
      await takeLogs(context, request, response)
    },
  }))
}

async function takeLogs(context: IntakeContext, { raw, tenantId, keyHash, receivedMs }: RouteRequest, response: ServerResponse): Promise<void> {
  const [contentType = ''] = (raw.headers['content-type'] ?? '').toLowerCase().split(';')
  const isJson = contentType.trim() === JSON_TYPE
  if (!isJson && contentType.trim() !== PROTOBUF_TYPE) {
    raw.resume()
    refuse('otlp', response, { status: 415, code: 'unsupported-media-type', detail: `Content-Type must be ${PROTOBUF_TYPE} or ${JSON_TYPE}` })
    return
  }
  await context.bodies.read(tenantId, raw, MAX_OTLP_BODY_BYTES, async (body) => {
    let taken
    try {
      // An empty message is a request without records.
      taken = await takeBody(context, { tenantId, keyHash, path: OTLP_IDENTITY_PATH, receivedMs }, body, isJson ? decodeLogsJsonInSteps : decodeLogsProtobufInSteps)
    } catch (error) {
      if (!(error instanceof JsonShapeError) && !(error instanceof ProtobufError)) throw error
      refuse('otlp', response, { status: 400, code: 'bad-request', detail: `the body is no ExportLogsServiceRequest: ${error.message}` })
      return
    }
    if (taken.receipt !== undefined) response.setHeader(RECEIPT_HEADER, taken.receipt)
    const reply = replyOf(taken.decoded)
    response.statusCode = 200
    response.setHeader('Content-Type', isJson ? JSON_TYPE : PROTOBUF_TYPE)
    response.end(isJson ? exportReplyJson(reply) : exportReplyProtobuf(reply))
  })
}

const JSON_TYPE = 'application/json'
const PROTOBUF_TYPE = 'application/x-protobuf'
/** Equal bodies are the same request, whichever of the paths and transports they came by. */
export const OTLP_IDENTITY_PATH = '/v1/logs'

/** What was refused is not to be sent again: the reason says why. */
export function replyOf({ rejected }: DecodedEvents): ExportReply {
  const [first] = rejected
  return { rejected: rejected.length, message: first === undefined ? '' : `record ${first.index}: ${first.reason}` }
}
