import type { CommandCall } from './command.ts'
import { CommandError } from './command-error.ts'
import type { GatewayClient } from './gateway-client.ts'
import { readObject, readObjects } from './read-answer.ts'

/** How one event went through all of a Millrace. Times are milliseconds since the command began. */
export interface RoundTrip {
  /** Value of the attribute `check_id` that the event has. */
  readonly id: string
  readonly acknowledgedMs: number
  /** When a search found it, and was complete. */
  readonly foundMs: number
}

/** Fields by which the event is known from others, and can be left out of a search. */
export const CHECK_SERVICE = 'millrace-check'

/**
 * Sends one event through the gateway and searches for it until an answer holds it and is complete. What does not answer at the moment is asked again, as a
 * Millrace that has just been installed still waits for its engines; the event has an idempotency key, so that it is stored once.
 * @param timeoutMs for all of it.
 * @throws {CommandError} `unavailable` when time is up, saying how far the event came; `auth` and `error` at once.
 */
export async function makeRoundTrip(call: Pick<CommandCall, 'clock' | 'random' | 'signal'>, client: GatewayClient, timeoutMs: number): Promise<RoundTrip> {
  const { clock, random, signal } = call
  const startedMs = clock.monotonicMs()
  const elapsedMs = (): number => Math.round(clock.monotonicMs() - startedMs)
  const id = random.text(ID_CHARACTERS)
  let last = 'the event was not acknowledged'

  /** Answers the first value that `attempt` gives within the time. */
  const untilTime = async <T>(attempt: () => Promise<T | undefined>): Promise<T> => {
    for (;;) {
      try {
        const answer = await attempt()
        if (answer !== undefined) return answer
      } catch (error) {
        if (!(error instanceof CommandError) || error.exitCode !== 'unavailable') throw error
        last = error.message
      }
      if (signal.aborted) throw new CommandError('error', 'given up')
      if (elapsedMs() + PAUSE_MS > timeoutMs) throw new CommandError('unavailable', `not found within ${timeoutMs / 1000} s: ${last}`)
      await clock.sleep(PAUSE_MS, signal)
    }
  }

  // Without a time of its own: the receiver's clock stamps it, and a wrong one here breaks nothing.
  const event = { service: CHECK_SERVICE, status: 'info', message: `millrace check ${id}`, check_id: id }
  const receipt = await untilTime(async () => (await client.exchange('POST', '/v1/events', event, { 'content-type': 'application/json', 'idempotency-key': `millrace-check-${id}` })).headers.get('millrace-receipt') ?? '')
  const acknowledgedMs = elapsedMs()
  last = 'it was acknowledged, and no search has found it'
  const question = { filter: { query: `service:${CHECK_SERVICE} @check_id:${id}`, from: 'now-1h', to: 'now' }, page: { limit: 2 } }
  const foundMs = await untilTime(async () => {
    const answer = await client.ask('POST', '/api/v2/logs/events/search', question, { 'content-type': 'application/json' })
    const events = readObjects(answer, 'data')
    if (events.length > 1) throw new CommandError('error', `the event was sent once and is found ${events.length} times`)
    const { complete } = readObject(readObject(answer)['meta'])
    if (events.length === 1 && complete === true) return elapsedMs()
    last = events.length === 1 ? 'a search finds it, and says that its answer is not complete' : `it was acknowledged, and no search has found it; its receipt says ${await stateOf(client, receipt)}`
    return undefined
  })
  return { id, acknowledgedMs, foundMs }
}

async function stateOf(client: GatewayClient, receipt: string): Promise<string> {
  if (receipt === '') return 'nothing'
  const { state } = readObject(await client.ask('GET', `/v1/receipts/${encodeURIComponent(receipt)}`))
  return typeof state === 'string' ? state : 'nothing'
}

/** Told apart from every other check, of all tenants and times. */
const ID_CHARACTERS = 20
/** Events are searchable within a second or two; asking more often costs more than it tells. */
const PAUSE_MS = 200
