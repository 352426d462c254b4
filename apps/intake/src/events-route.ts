import { RECEIPT_HEADER, REQUEST_KEY_HEADER } from './headers.ts'
import type { Route } from '@millrace/http/route'
import { sendJson } from '@millrace/http/send-json'
import { decodeEventsInSteps } from '@millrace/wire/decode-events'
import { decodeOptions } from './event-times.ts'
import { refuse } from '@millrace/http/refuse'
import type { IntakeContext } from './intake-context.ts'
import { MAX_EVENTS_BODY_BYTES } from './read-body.ts'
import { idempotencyKeyOf, identityOfBody, identityOfChance, identityOfKey, isIdempotencyKey, type RequestIdentity } from './request-ids.ts'

/**
 * `POST /v1/events`: NDJSON, a JSON array or one object. Answers 200 with how many events were accepted and which were refused, why;
 * 400 when none of several was taken.
 */
export function eventsRoute(context: IntakeContext): Route {
  const { acceptor, bodies, random, retentionOf, clock, work } = context
  return {
    method: 'POST', path: '/v1/events', scope: 'ingest', dialect: 'millrace',
    handle: async ({ raw, tenantId, keyHash, receivedMs }, response) => {
      const key = idempotencyKeyOf(raw)
      if (key !== undefined && !isIdempotencyKey(key)) {
        refuse('millrace', response, { status: 400, code: 'bad-request', detail: `${REQUEST_KEY_HEADER} has 1 to 255 characters` })
        return
      }
      const options = decodeOptions(clock, receivedMs, await retentionOf(tenantId))
      await bodies.read(tenantId, raw, MAX_EVENTS_BODY_BYTES, async (body) => {
        const { parts, received, rejected, isSelfTimestamped } = await work.run(tenantId, decodeEventsInSteps(body, options))
        const naming = key !== undefined ? identityOfKey(tenantId, key) : isSelfTimestamped ? identityOfBody(keyHash, '/v1/events', body) : identityOfChance(random)
        const identity: RequestIdentity = 'id' in naming ? naming : await work.run(tenantId, naming)
        const accepted = received - rejected.length
        context.metrics.countEvents(accepted, rejected.length, body.length)
        if (accepted === 0 && received > 0) {
          const [first] = rejected
          refuse('millrace', response, { status: 400, code: 'bad-events', detail: `none of ${received} events was taken; event ${first?.index}: ${first?.reason}` })
          return
        }
        using _waiting = acceptor.admit(tenantId, body.length)
        const places = await acceptor.acceptParts(tenantId, identity, parts, receivedMs)
        response.setHeader(RECEIPT_HEADER, acceptor.receipt(tenantId, places))
        sendJson(response, 200, { accepted, rejected: rejected.slice(0, MAX_LISTED_REJECTIONS), rejectedCount: rejected.length })
      })
    },
  }
}

/** More would make the answer larger than many requests; the count is always exact. */
const MAX_LISTED_REJECTIONS = 1000
