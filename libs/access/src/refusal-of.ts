import type { Refusal } from '@millrace/http/refuse'
import { BadBodyError } from '@millrace/http/body'

/**
 * How an error of a port or of a body is answered. A temporary fault is a 503 with Retry-After and never a 500, since agents drop their data on those.
 * Undefined for an error that nobody foresaw: a 500 without details.
 */
export function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof BadBodyError) return { status: error.status, code: error.problem, detail: error.message }
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined
  if (error.code === 'TOO_MANY_QUERIES') return { status: 429, code: 'rate-limited', detail: 'too many queries of this tenant wait', retryAfterS: RETRY_AFTER_S }
  const detail = TEMPORARY.get(error.code)
  return detail === undefined ? undefined : { status: 503, code: error.code === 'BUS_FULL' ? 'bus-full' : 'unavailable', detail, retryAfterS: RETRY_AFTER_S }
}

/** By code and not by class: an error may have come from another thread. */
const TEMPORARY: ReadonlyMap<string, string> = new Map([
  ['BUS_FULL', 'too much waits to be stored'],
  ['BUS_UNAVAILABLE', 'the log does not take events at the moment; sending the same again is safe'],
  ['CATALOG_UNAVAILABLE', 'the catalog does not answer at the moment'],
  ['STORE_UNAVAILABLE', 'the fragment store does not answer at the moment'],
  ['INDEX_UNAVAILABLE', 'the fragment index does not answer at the moment'],
  ['OUTCOME_UNKNOWN', 'the catalog did not say whether the change was made'],
  ['THREAD_GONE', 'a worker is starting again'],
])
/** An engine that restarts needs some seconds. */
const RETRY_AFTER_S = 2
