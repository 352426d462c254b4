import type { Command } from '../command.ts'
import { CommandError } from '../command-error.ts'
import { openTenantClient, TENANT_CONNECTION } from '../gateway-client.ts'
import { printableJson } from '../printable.ts'
import { JSON_OPTION, readNumber } from '../read-option.ts'
import { makeRoundTrip } from '../round-trip.ts'

/** A Millrace that was installed a moment ago has its engines start meanwhile. */
const DEFAULT_TIMEOUT_S = 60

/** `millrace check`. */
export const check: Command = {
  name: 'check',
  about: 'Sends one event through the gateway and waits until a search finds it and is complete: exit code 0 means that all of the pipeline works.',
  operands: '',
  options: { timeout: { value: 'seconds', about: `how long all of it may take; ${DEFAULT_TIMEOUT_S} unless given` }, ...JSON_OPTION, ...TENANT_CONNECTION },
  examples: ['millrace check', 'MILLRACE_URL=https://logs.example.com MILLRACE_API_KEY_FILE=key millrace check --timeout 120 --json'],
  run: async (call) => {
    const { operands, options, print } = call
    if (operands.length > 0) throw new CommandError('usage', 'check takes options only')
    const timeoutS = readNumber(options['timeout'], 'timeout', { min: 1, max: MAX_TIMEOUT_S }) ?? DEFAULT_TIMEOUT_S
    const trip = await makeRoundTrip(call, await openTenantClient(call), timeoutS * 1000)
    if (options['json'] !== undefined) print(printableJson(trip))
    else print(`event ${trip.id}: acknowledged after ${trip.acknowledgedMs} ms, found after ${trip.foundMs} ms`)
    return 'ok'
  },
}

/** An hour: longer is no check. */
const MAX_TIMEOUT_S = 3600
