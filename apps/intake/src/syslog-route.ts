import type { Route } from '@millrace/http/route'
import { sendJson } from '@millrace/http/send-json'
import { decodeSyslogInSteps } from '@millrace/wire/syslog/decode-syslog'
import { RECEIPT_HEADER } from './headers.ts'
import type { IntakeContext } from './intake-context.ts'
import { MAX_EVENTS_BODY_BYTES } from './read-body.ts'
import { idempotencyKeyOf, isIdempotencyKey } from './request-ids.ts'
import { takeBody } from './take-body.ts'

/** `POST /v1/syslog`: syslog messages framed as over TCP. What the gateway's syslog listener sends on, and whoever keeps a file of such messages. */
export function syslogRoute(context: IntakeContext): Route {
  return {
    method: 'POST', path: '/v1/syslog', scope: 'ingest', dialect: 'millrace',
    handle: async ({ raw, tenantId, keyHash, receivedMs }, response) => {
      const key = idempotencyKeyOf(raw)
      const idempotencyKey = key !== undefined && isIdempotencyKey(key) ? key : undefined
      await context.bodies.read(tenantId, raw, MAX_EVENTS_BODY_BYTES, async (body) => {
        const { decoded, accepted, receipt } = await takeBody(context, { tenantId, keyHash, path: '/v1/syslog', receivedMs, idempotencyKey }, body, decodeSyslogInSteps)
        if (receipt !== undefined) response.setHeader(RECEIPT_HEADER, receipt)
        sendJson(response, 200, { accepted, rejectedCount: decoded.rejected.length })
      })
    },
  }
}
