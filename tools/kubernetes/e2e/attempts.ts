import { sendRequest, type Attempt, type OutgoingRequest } from '../../client/send-request.ts'

/** What became of the attempts that began in one phase of a run. */
export interface PhaseAttempts {
  attempts: number
  /** Failed ones by what the client saw: a status such as `503`, `no connection`, or `no reply`. */
  readonly failures: Record<string, number>
}

export interface AttemptRecord {
  readonly transport: (request: OutgoingRequest) => Promise<Attempt>
  readonly phases: ReadonlyMap<string, PhaseAttempts>
  /** Requests that had failed after {@link RETRY_PAUSES_MS} was used up, with all that they had met. */
  readonly stillFailing: readonly string[]
  /** Other requests that succeeded later than {@link MAX_REQUEST_MS} after they began. */
  readonly late: readonly string[]
  /** The longest time from the beginning of a request to its success. */
  readonly longestMs: number
}

/** Three retries within ten seconds: what a client must be able to rely on whatever is done to the cluster. */
export const RETRY_PAUSES_MS: readonly number[] = [1000, 3000, 6000]

/** Beyond it a client would rather ask again. */
const ATTEMPT_TIMEOUT_MS = 10_000

/** All pauses, and beside them as much as one attempt may take: the one that meets a pod which goes without a word, or the last one in a long queue. */
export const MAX_REQUEST_MS = RETRY_PAUSES_MS.reduce((sum, pauseMs) => sum + pauseMs, ATTEMPT_TIMEOUT_MS)

interface RequestSoFar {
  readonly beganMs: number
  readonly failures: string[]
}

/**
 * Counts the attempts of a load by the phase in which they began, and takes the time of each request.
 *
 * @param nowMs any steady clock.
 */
export function recordAttempts(phaseOf: () => string, send: AttemptRecord['transport'] = sendRequest, nowMs = (): number => performance.now()): AttemptRecord {
  const phases = new Map<string, PhaseAttempts>()
  const stillFailing: string[] = []
  /** By body, which is the same object for each attempt of a request. */
  const begun = new WeakMap<Buffer, RequestSoFar>()
  const late: string[] = []
  let longestMs = 0
  return {
    phases, stillFailing, late,
    get longestMs() { return longestMs },
    async transport(request) {
      const phase = phaseOf()
      const counts = phases.get(phase) ?? { attempts: 0, failures: {} }
      phases.set(phase, counts)
      counts.attempts += 1
      const { beganMs, failures } = (request.body === undefined ? undefined : begun.get(request.body)) ?? { beganMs: nowMs(), failures: [] }
      if (request.body !== undefined) begun.set(request.body, { beganMs, failures })
      const attempt = await send({ ...request, timeoutMs: ATTEMPT_TIMEOUT_MS })
      const failure = failureOf(attempt)
      if (failure === undefined) {
        const tookMs = nowMs() - beganMs
        longestMs = Math.max(longestMs, tookMs)
        if (tookMs > MAX_REQUEST_MS && failures.length <= RETRY_PAUSES_MS.length) late.push(`${request.url} after ${Math.round(tookMs)} ms: ${failures.join(', ')}`)
        return attempt
      }
      counts.failures[failure] = (counts.failures[failure] ?? 0) + 1
      failures.push(`${failure} (${phase})`)
      if (failures.length === RETRY_PAUSES_MS.length + 1) stillFailing.push(`${request.url}: ${failures.join(', ')}`)
      return attempt
    },
  }
}

function failureOf(attempt: Attempt): string | undefined {
  if (attempt.outcome === 'replied') return attempt.status < 400 ? undefined : String(attempt.status)
  return attempt.outcome === 'unsent' ? 'no connection' : 'no reply'
}
