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
}

/** Three retries within ten seconds: what a client must be able to rely on whatever is done to the cluster. */
export const RETRY_PAUSES_MS: readonly number[] = [1000, 3000, 6000]

/** Beyond it a client would rather ask again. */
const ATTEMPT_TIMEOUT_MS = 10_000

/** Counts the attempts of a load by the phase in which they began. */
export function recordAttempts(phaseOf: () => string, send: AttemptRecord['transport'] = sendRequest): AttemptRecord {
  const phases = new Map<string, PhaseAttempts>()
  const stillFailing: string[] = []
  /** By body, which is the same object for each attempt of a request. */
  const met = new WeakMap<Buffer, string[]>()
  return {
    phases, stillFailing,
    async transport(request) {
      const phase = phaseOf()
      const counts = phases.get(phase) ?? { attempts: 0, failures: {} }
      phases.set(phase, counts)
      counts.attempts += 1
      const attempt = await send({ ...request, timeoutMs: ATTEMPT_TIMEOUT_MS })
      const failure = failureOf(attempt)
      if (failure === undefined) return attempt
      counts.failures[failure] = (counts.failures[failure] ?? 0) + 1
      if (request.body !== undefined) {
        const failures = [...(met.get(request.body) ?? []), `${failure} (${phase})`]
        met.set(request.body, failures)
        if (failures.length === RETRY_PAUSES_MS.length + 1) stillFailing.push(`${request.url}: ${failures.join(', ')}`)
      }
      return attempt
    },
  }
}

function failureOf(attempt: Attempt): string | undefined {
  if (attempt.outcome === 'replied') return attempt.status < 400 ? undefined : String(attempt.status)
  return attempt.outcome === 'unsent' ? 'no connection' : 'no reply'
}
