import { BusFullError } from '@millrace/bus/bus'
import { TenantQueueFullError } from '@millrace/fairness/fair-queue'
import { refuse } from '@millrace/http/refuse'
import type { Route } from '@millrace/http/route'
import { RecordTooLargeError } from './batcher.ts'
import { BodyRefusedError } from './body-refused.ts'
import { RequestCutError } from './read-body.ts'

/** Gives handlers intake's own answers: refused bodies, back-pressure, and silence for a client that is gone. Other errors go on to the gateway. */
export function withIntakeErrors(routes: readonly Route[]): readonly Route[] {
  return routes.map((route) => ({
    ...route,
    handle: async (request, response) => {
      try {
        await route.handle(request, response)
      } catch (error) {
        if (error instanceof RequestCutError) response.destroy()
        else if (error instanceof BodyRefusedError) refuse(route.dialect, response, { status: error.status, code: error.problem, detail: error.message })
        else if (error instanceof RecordTooLargeError) refuse(route.dialect, response, { status: 413, code: 'body-too-large', detail: error.message })
        else if (error instanceof BusFullError || error instanceof TenantQueueFullError) refuse(route.dialect, response, { status: 503, code: 'bus-full', detail: error.message, retryAfterS: FULL_RETRY_S })
        else throw error
      }
    },
  }))
}

/** A full waiting room drains within seconds, a full disk does not; either way nothing was taken. */
const FULL_RETRY_S = 2
