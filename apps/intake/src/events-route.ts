import type { Route } from '@millrace/http/route'
import { refuse } from '@millrace/http/refuse'
import { sendJson } from '@millrace/http/send-json'
import { decodeEventsInSteps } from '@millrace/wire/decode-events'
import { RECEIPT_HEADER, REQUEST_KEY_HEADER } from './headers.ts'
import type { IntakeContext } from './intake-context.ts'
import { MAX_EVENTS_BODY_BYTES } from './read-body.ts'
import { idempotencyKeyOf, isIdempotencyKey } from './request-ids.ts'
import { takeBody } from './take-body.ts'

/**
 * `POST /v1/events`: NDJSON, a JSON array or one object. Answers 200 with how many events were accepted and which were refused, why;
 * 400 when none of several was taken.
 */
export function eventsRoute(context: IntakeContext): Route {
  return {
    method: 'POST', path: '/v1/events', scope: 'ingest', dialect: 'millrace',
    handle: async ({ raw, tenantId, keyHash, receivedMs }, response) => {
      const idempotencyKey = idempotencyKeyOf(raw)
      if (idempotencyKey !== undefined && !isIdempotencyKey(idempotencyKey)) {
        refuse('millrace', response, { status: 400, code: 'bad-request', detail: `${REQUEST_KEY_HEADER} has 1 to 255 characters` })
        return
      }
      await context.bodies.read(tenantId, raw, MAX_EVENTS_BODY_BYTES, async (body) => {
        const { decoded, accepted, receipt } = await takeBody(context, { tenantId, keyHash, path: '/v1/events', receivedMs, idempotencyKey }, body, decodeEventsInSteps)
        const { received, rejected } = decoded
        if (receipt === undefined) {
          const [first] = rejected
          refuse('millrace', response, { status: 400, code: 'bad-events', detail: `none of ${received} events was taken; event ${first?.index}: ${first?.reason}` })
          return
        }
        response.setHeader(RECEIPT_HEADER, receipt)
        sendJson(response, 200, { accepted, rejected: rejected.slice(0, MAX_LISTED_REJECTIONS), rejectedCount: rejected.length })
      })
    },
  }
}

/** More would make the answer larger than many requests; the count is always exact. */
const MAX_LISTED_REJECTIONS = 1000
