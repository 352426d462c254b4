import type { CommandCall } from '../command.ts'
import { CommandError } from '../command-error.ts'
import { fetchPublic, openTenantClient, readUrl, readVariable } from '../gateway-client.ts'
import { probeService } from '../probe-service.ts'
import { makeRoundTrip } from '../round-trip.ts'
import { checkClock } from './check-clock.ts'
import type { Notes } from './finding.ts'

/** What is wrong with the gateway (or the standalone), and with all behind it: with a tenant's key one event goes all of the way. */
export async function checkGateway(notes: Notes, call: CommandCall, ownVersion: string | undefined): Promise<void> {
  const url = await readUrl(call)
  const { isReady, version, detail } = await probeService(call, { name: 'gateway', url })
  if (!isReady) {
    notes.problem(`${url} is not ready`, detail, 'mend what its checks name; if nothing answers, look at MILLRACE_URL and at the end of its log')
    return
  }
  notes.ok(`${url} is ready`)
  if (version !== undefined && ownVersion !== undefined && version !== ownVersion) notes.note(`it is of version ${version}, and this program of ${ownVersion}`, 'an upgrade is under way, or one of the two was forgotten', 'use the same version, at the latest when the upgrade has ended')
  await checkDate(notes, call, url)
  const hasKey = call.options['key'] !== undefined || (await readVariable(call, 'MILLRACE_API_KEY')) !== undefined
  if (!hasKey) {
    notes.note('no event was sent', "it takes a tenant's key to send one and find it", 'give MILLRACE_API_KEY, MILLRACE_API_KEY_FILE or --key')
    return
  }
  try {
    const { acknowledgedMs, foundMs } = await makeRoundTrip(call, await openTenantClient(call), ROUND_TRIP_MS)
    if (foundMs > SLOW_MS) notes.note(`an event was acknowledged after ${acknowledgedMs} ms and found after ${foundMs} ms`, 'events are usually found within two seconds', 'millrace status tells what waits; docs/operations.md has alerts for each stage')
    else notes.ok(`an event was acknowledged after ${acknowledgedMs} ms and found after ${foundMs} ms`)
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    notes.problem('an event that was sent was not found', error.message, error.exitCode === 'auth' ? "use a tenant's key that may ingest and query (millrace keys list)" : 'millrace status tells what waits, and /readyz?verbose of each service what it lacks')
  }
}

/** Twenty times what it takes. */
const ROUND_TRIP_MS = 30_000
const SLOW_MS = 5_000

/** By the header `Date`, which has whole seconds. */
async function checkDate(notes: Notes, call: CommandCall, url: string): Promise<void> {
  const sentMs = call.clock.nowMs()
  const date = Date.parse((await fetchPublic(call, `${url}/livez`)).headers.get('date') ?? '')
  const receivedMs = call.clock.nowMs()
  if (!Number.isNaN(date)) checkClock(notes, 'the gateway', { clockAheadMs: date + 500 - (sentMs + receivedMs) / 2, clockErrorMs: (receivedMs - sentMs) / 2 + 500 }, DATE_SKEW_MS)
}

/** Node writes the header again once a second. */
const DATE_SKEW_MS = 1_000
