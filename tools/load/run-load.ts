import { Agent } from 'node:http'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { sendRequest, type Attempt, type OutgoingRequest } from '../client/send-request.ts'
import { encodeRequest, type EncodedRequest } from './encode-request.ts'
import { ledgerEventSource } from './ledger-event.ts'
import type { Ledger, LedgerRequest, RequestEnd } from './ledger.ts'
import { mayRepeat, planRequests, type PlannedRequest } from './plan-requests.ts'

export interface LoadOptions {
  readonly url: string
  readonly ledger: Ledger
  /** Events per second over all tenants. */
  readonly rate: number
  readonly batch: number
  readonly cutShare: number
  /** How long one request is tried before its outcome stays unknown. */
  readonly retryForMs?: number
  /** Pauses before the first retries, ms; the last one repeats. A longer one that the system asks for is kept to as well. Without them pauses double up to {@link MAX_PAUSE_MS}. */
  readonly retryPausesMs?: readonly number[]
  /** Wall time for stamps and the ledger; the machine's unless a simulation has its own. */
  readonly nowMs?: () => number
  /** Sends one attempt; the network unless a simulation stands between. */
  readonly transport?: (request: OutgoingRequest) => Promise<Attempt>
}

export interface LoadSummary {
  readonly seconds: number
  readonly requests: number
  readonly sentEvents: number
  readonly ackedEvents: number
  readonly unknownRequests: number
  readonly attempts: number
  readonly cut: number
  /** Replies that asked to come later, 429 and 503. */
  readonly busyReplies: number
  /** Replies that no client should ever see: other refusals and server errors. Each is a finding. */
  readonly unexpected: readonly string[]
  /** From the scheduled moment to the acknowledgement, ms, ascending; retries included. */
  readonly latenciesMs: readonly number[]
}

/**
 * Sends events at a fixed schedule until `signal` aborts, then waits until every request has its end. Open loop: a slow system does not slow the schedule
 * down, and a latency counts from the moment at which the request was due, so that waiting behind a stall is part of it.
 */
export async function runLoad(options: LoadOptions, signal: AbortSignal): Promise<LoadSummary> {
  return await new LoadRun(options).run(signal)
}

/** Sockets; more only queue in the system instead of here. */
const MAX_SOCKETS = 64
/** Long enough for several restarts, and inside the ten minutes for which an unnamed body is recognised. */
const DEFAULT_RETRY_FOR_MS = 240_000
const FIRST_PAUSE_MS = 50
const MAX_PAUSE_MS = 1000
/** Findings that are kept; one is enough to fail. */
const MAX_UNEXPECTED = 50

class LoadRun {
  readonly #options: LoadOptions
  readonly #agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS, scheduling: 'fifo' })
  readonly #latencies: number[] = []
  readonly #unexpected: string[] = []
  #attempts = 0
  #cut = 0
  #busy = 0

  constructor(options: LoadOptions) {
    this.#options = options
  }

  async run(signal: AbortSignal): Promise<LoadSummary> {
    const { ledger, rate, batch, cutShare, nowMs = Date.now } = this.#options
    const { seed, tenants } = ledger.header
    const startedMs = performance.now()
    const eventOf = ledgerEventSource(ledger.header)
    const pending = new Set<Promise<void>>()
    let scheduled = 0
    let request = ledger.requests.size
    for (const planned of planRequests({ seed, tenants: tenants.length, batch, cutShare })) {
      const dueMs = startedMs + (scheduled * batch * 1000) / rate
      scheduled += 1
      if (dueMs > performance.now()) await sleep(dueMs - performance.now())
      else await nextTurn() // behind the schedule: replies must get through all the same
      if (signal.aborted) break
      for (let copy = 0; copy < (planned.kind === 'twin' ? 2 : 1); copy++) {
        const noted = noteOf(planned, request++, nowMs())
        ledger.sent(noted)
        const sending = this.#send(planned, noted, encodeRequest(noted, eventOf), dueMs)
        pending.add(sending)
        void sending.then(() => pending.delete(sending))
      }
    }
    const seconds = (performance.now() - startedMs) / 1000
    await Promise.all(pending)
    this.#agent.destroy()
    return this.#summary(seconds)
  }

  /** Never rejects but for a broken ledger. */
  async #send(planned: PlannedRequest, noted: LedgerRequest, encoded: EncodedRequest, dueMs: number): Promise<void> {
    const state = await this.#settle(planned, noted, encoded)
    await this.#options.ledger.settled(noted.request, { state, atMs: (this.#options.nowMs ?? Date.now)() })
    if (state === 'acked') this.#latencies.push(performance.now() - dueMs)
  }

  async #settle({ kind, cutAfterMs }: PlannedRequest, noted: LedgerRequest, encoded: EncodedRequest): Promise<RequestEnd['state']> {
    const { ledger, url, retryForMs = DEFAULT_RETRY_FOR_MS, retryPausesMs, transport = sendRequest } = this.#options
    const deadline = performance.now() + retryForMs
    const headers = { ...encoded.headers, 'dd-api-key': ledger.header.tenants[noted.tenant]?.apiKey ?? '' }
    let mayBeStored = false
    for (let attempt = 0; performance.now() < deadline; attempt++) {
      this.#attempts += 1
      const isCut = attempt === 0 && cutAfterMs !== undefined
      if (isCut) this.#cut += 1
      const result = await transport({ method: 'POST', url: url + encoded.path, headers, body: encoded.body, agent: this.#agent, ...(isCut ? { cutAfterMs } : {}) })
      const verdict = judge(result, encoded.path)
      if (verdict.is === 'acked') return 'acked'
      if (verdict.is === 'unexpected') {
        if (this.#unexpected.length < MAX_UNEXPECTED) this.#unexpected.push(`${kind}: ${verdict.reason}`)
        return verdict.isRefusal && !mayBeStored ? 'refused' : 'unknown'
      }
      if (verdict.is === 'busy') this.#busy += 1
      if (verdict.mayBeStored) {
        mayBeStored = true
        if (!mayRepeat(kind)) return 'unknown'
      }
      const askedMs = verdict.is === 'busy' ? verdict.retryAfterMs : 0
      if (retryPausesMs === undefined) await sleep(askedMs || Math.min(FIRST_PAUSE_MS * 2 ** attempt, MAX_PAUSE_MS))
      else await sleep(Math.max(askedMs, retryPausesMs[Math.min(attempt, retryPausesMs.length - 1)] ?? 0))
    }
    return 'unknown'
  }

  #summary(seconds: number): LoadSummary {
    const all = [...this.#options.ledger.requests.values()]
    const events = (matches: (end: RequestEnd | undefined) => boolean): number => all.reduce((sum, { sent, end }) => sum + (matches(end) ? sent.count : 0), 0)
    return {
      seconds, requests: all.length, sentEvents: events(() => true), ackedEvents: events((end) => end?.state === 'acked'),
      unknownRequests: all.filter(({ end }) => end?.state === 'unknown').length,
      attempts: this.#attempts, cut: this.#cut, busyReplies: this.#busy, unexpected: this.#unexpected, latenciesMs: this.#latencies.toSorted((a, b) => a - b),
    }
  }
}

type Verdict =
  | { readonly is: 'acked' }
  | { readonly is: 'busy'; readonly retryAfterMs: number; readonly mayBeStored: boolean }
  | { readonly is: 'unreached'; readonly mayBeStored: boolean }
  | { readonly is: 'unexpected'; readonly isRefusal: boolean; readonly reason: string }

/** What a well-behaved client makes of an attempt. */
function judge(attempt: Attempt, path: string): Verdict {
  if (attempt.outcome !== 'replied') return { is: 'unreached', mayBeStored: attempt.outcome === 'unknown' }
  const { status, headers, body } = attempt
  const retryAfterS = Number(headers['retry-after'])
  const text = body.toString('utf8')
  if ((status === 429 || status === 503) && Number.isFinite(retryAfterS)) return { is: 'busy', retryAfterMs: retryAfterS * 1000, mayBeStored: status === 503 }
  if (status !== 200) return { is: 'unexpected', isRefusal: status >= 400 && status < 500, reason: `${path} answered ${status} ${text.slice(0, 300)}` }
  const reply = JSON.parse(text) as { readonly rejectedCount?: number; readonly errors?: boolean }
  if (reply.rejectedCount === 0 || reply.errors === false) return { is: 'acked' }
  return { is: 'unexpected', isRefusal: false, reason: `${path} took only a part: ${text.slice(0, 300)}` }
}

function noteOf({ tenant, kind, first, count }: PlannedRequest, request: number, wallMs: number): LedgerRequest {
  const nowMs = Math.trunc(wallMs)
  return {
    request, tenant, kind, first, count, sentMs: nowMs, stampMs: mayRepeat(kind) ? nowMs : undefined,
    key: kind === 'keyed' ? `ledger-${tenant}-${first}` : undefined,
  }
}
