import { openTenantClient, TENANT_CONNECTION } from '../gateway-client.ts'
import type { Command } from '../command.ts'
import { CommandError } from '../command-error.ts'
import { eventLine } from '../event-line.ts'
import { printableJsonLine } from '../printable.ts'
import { readNumber } from '../read-option.ts'
import { readObject } from '../read-answer.ts'

/** `millrace tail <query>`. */
export const tail: Command = {
  name: 'tail',
  about: 'Shows events as they arrive, until it is ended (Ctrl-C). It is for looking: what comes too fast is left out and counted, searches have all.',
  operands: '[query]',
  options: {
    limit: { value: 'number', about: 'end after so many events' },
    json: { value: undefined, about: 'answer a JSON object a line (NDJSON), for programs' },
    ...TENANT_CONNECTION,
  },
  examples: ["millrace tail 'service:web status:error'", 'millrace tail --limit 10 --json'],
  run: async (call) => {
    const { operands, options, print, remark, clock, signal } = call
    const limit = readNumber(options['limit'], 'limit', { min: 1, max: MAX_EVENTS }) ?? Infinity
    const client = await openTenantClient(call)
    const path = `/v1/tail?${new URLSearchParams({ query: operands.length === 0 ? '*' : operands.join(' ') }).toString()}`
    let shown = 0
    for (let hasListened = false; !signal.aborted;) {
      try {
        let event = ''
        for await (const line of client.lines('GET', path, { silenceMs: SILENCE_MS })) {
          if (!hasListened) remark('listening')
          hasListened = true
          if (line.startsWith('event: ')) event = line.slice('event: '.length)
          if (!line.startsWith('data: ')) continue
          const data = line.slice('data: '.length)
          if (event === 'log') {
            print(options['json'] !== undefined ? printableJsonLine(data) : eventLine(JSON.parse(data)))
            if (++shown >= limit) return 'ok'
          } else remark(noticeOf(event, data))
        }
      } catch (error) {
        // A gateway that is replaced, or an engine that starts again: whoever listened goes on doing so.
        if (!hasListened || !(error instanceof CommandError) || error.exitCode !== 'unavailable') throw error
        remark(`${error.message}; trying again`)
      }
      // Streams end after a quarter of an hour by themselves.
      await clock.sleep(PAUSE_MS, signal)
    }
    return 'ok'
  },
}

/** A program that wants more than so many wants an export. */
const MAX_EVENTS = 1_000_000
const PAUSE_MS = 1_000
/** The stream says each 10 s that it is still there. */
const SILENCE_MS = 30_000

/** What is missing in the stream. */
function noticeOf(event: string, data: string): string {
  const { fragments, events, detail } = readObject(JSON.parse(data))
  if (event === 'dropped') return `left out, as it came too fast: ${String(events)} events, and ${String(fragments)} batches that nobody looked into`
  return typeof detail === 'string' ? detail : 'something is missing here'
}
