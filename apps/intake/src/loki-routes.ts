import type { ServerResponse } from 'node:http'
import { refuse } from '@millrace/http/refuse'
import type { Route, RouteRequest } from '@millrace/http/route'
import { JsonShapeError } from '@millrace/wire/json-cursor'
import { decodePushJsonInSteps, decodePushProtobufInSteps } from '@millrace/wire/loki/decode-push'
import { LabelSyntaxError } from '@millrace/wire/loki/stream-labels'
import { SnappyError, undoSnappy } from '@millrace/wire/loki/undo-snappy'
import { ProtobufError } from '@millrace/wire/protobuf-reader'
import { BodyRefusedError } from './body-refused.ts'
import { RECEIPT_HEADER } from './headers.ts'
import type { IntakeContext } from './intake-context.ts'
import { MAX_EVENTS_BODY_BYTES } from './read-body.ts'
import { takeBody } from './take-body.ts'

export const LOKI_PUSH_PATHS = ['/loki/api/v1/push', '/api/prom/push']

/** Loki's push API: JSON, or Protocol Buffers under snappy. The tenant is the key's; `X-Scope-OrgID` says nothing. */
export function lokiRoutes(context: IntakeContext): readonly Route[] {
  const push = LOKI_PUSH_PATHS.map((path): Route => ({
    method: 'POST', path, scope: 'ingest', dialect: 'loki',
    handle: async (request, response) => {
      await takePush(context, request, response)
    },
  }))
  const ready: Route = {
    method: 'GET', path: '/ready', scope: 'public', dialect: 'loki',
    handle: (_, response) => {
      response.setHeader('Content-Type', 'text/plain; charset=utf-8')
      response.end('ready\n')
      return Promise.resolve()
    },
  }
  return [...push, ready]
}

/**
 * 204 when all entries were taken. When some were refused the others are durable all the same, and the answer is 400 with the reason, as Loki's: senders do not repeat it.
 */
async function takePush(context: IntakeContext, { raw, tenantId, keyHash, receivedMs }: RouteRequest, response: ServerResponse): Promise<void> {
  const isJson = (raw.headers['content-type'] ?? '').toLowerCase().startsWith('application/json')
  // Of a body in Protocol Buffers it is the encoding within, which is undone below.
  if (!isJson && raw.headers['content-encoding']?.toLowerCase() === 'snappy') delete raw.headers['content-encoding']
  await context.bodies.read(tenantId, raw, MAX_EVENTS_BODY_BYTES, async (body) => {
    let taken
    try {
      const plain = isJson ? body : await undoSnappy(body, MAX_EVENTS_BODY_BYTES)
      taken = await takeBody(context, { tenantId, keyHash, path: LOKI_PUSH_PATHS[0] ?? '', receivedMs }, plain, isJson ? decodePushJsonInSteps : decodePushProtobufInSteps)
    } catch (error) {
      if (error instanceof SnappyError && error.isTooLarge) throw new BodyRefusedError(413, 'body-too-large', error.message)
      if (!(error instanceof JsonShapeError || error instanceof ProtobufError || error instanceof LabelSyntaxError || error instanceof SnappyError)) throw error
      refuse('loki', response, { status: 400, code: 'bad-request', detail: `the push cannot be read: ${error.message}` })
      return
    }
    const { decoded, accepted, receipt } = taken
    if (receipt !== undefined) response.setHeader(RECEIPT_HEADER, receipt)
    const [first] = decoded.rejected
    if (first !== undefined) {
      refuse('loki', response, { status: 400, code: 'bad-events', detail: `${decoded.rejected.length} of ${decoded.received} entries were refused, ${accepted} were taken; entry ${first.index}: ${first.reason}` })
      return
    }
    response.statusCode = 204
    response.end()
  })
}
