import { openTenantClient, TENANT_CONNECTION, type GatewayClient } from '../gateway-client.ts'
import type { Command } from '../command.ts'
import { CommandError } from '../command-error.ts'
import { eventLine } from '../event-line.ts'
import { printable, printableJsonLine } from '../printable.ts'
import { notUnderstood, readObject, type Fields } from '../read-answer.ts'
import { readChoice, readNumber } from '../read-option.ts'

/** As the API takes at once. */
const MAX_EVENTS = 1000
/** A few screens of a terminal. */
const DEFAULT_EVENTS = 100

/** `millrace query <query>`. */
export const query: Command = {
  name: 'query',
  about: "Searches events with Datadog's syntax. Prints a line for each, the newest first.",
  operands: '[query]',
  options: {
    from: { value: 'time', about: 'now-15m unless given; also 2026-11-26T09:00:00Z' },
    to: { value: 'time', about: 'now unless given' },
    limit: { value: 'number', about: `how many at most, up to ${MAX_EVENTS}; ${DEFAULT_EVENTS} unless given` },
    all: { value: undefined, about: 'all that match, however many, in the place of --limit' },
    order: { value: 'newest|oldest', about: 'with --all: which come first' },
    json: { value: undefined, about: 'answer a JSON object a line (NDJSON), for programs' },
    ...TENANT_CONNECTION,
  },
  examples: ["millrace query 'service:web status:error' --from now-1h", "millrace query --from now-1d --all --order oldest --json -- '-service:web'"],
  run: async (call) => {
    const { operands, options, print, remark } = call
    const all = options['all'] !== undefined
    if (all && options['limit'] !== undefined) throw new CommandError('usage', 'either --all or --limit')
    if (!all && options['order'] !== undefined) throw new CommandError('usage', '--order goes with --all')
    const question = { query: operands.length === 0 ? '*' : operands.join(' '), from: options['from'] ?? 'now-15m', to: options['to'] ?? 'now' }
    const limit = readNumber(options['limit'], 'limit', { min: 1, max: MAX_EVENTS }) ?? DEFAULT_EVENTS
    const order = readChoice(options['order'], 'order', ['newest', 'oldest']) === 'newest' ? 'desc' : 'asc'
    const client = await openTenantClient(call)
    const lines = all ? exported(client, { ...question, order }) : searched(client, question, limit)
    let end: Fields | undefined
    for await (const line of lines) {
      if ('end' in line) end = line.end
      else print(options['json'] !== undefined ? printableJsonLine(line.event) : eventLine(JSON.parse(line.event)))
    }
    if (call.signal.aborted) throw new CommandError('error', 'given up')
    if (end === undefined) throw new CommandError('unavailable', 'the answer was cut off; what was printed is not all')
    if (end['has_more'] === true) remark(`${String(end['events'])} of ${String(end['matched'])}: --limit or --all for more`)
    if (end['complete'] === true) return 'ok'
    remark(`the answer is not complete: ${printable(warningsText(end))}`)
    return 'error'
  },
}

type Line = { readonly event: string } | { readonly end: Fields }

/** The newest events, up to a limit. The text of each is kept as it came: a number may have more digits than a double holds. */
async function* searched(client: GatewayClient, filter: object, limit: number): AsyncGenerator<Line, void, undefined> {
  for await (const line of client.lines('POST', '/v1/search', { body: { filter, limit } })) {
    if (line.startsWith(EVENT_HEAD) && line.endsWith('}')) yield { event: line.slice(EVENT_HEAD.length, -1) }
    else if (line !== '') {
      const value = readLine(line)
      if (value['type'] === 'end') yield { end: value }
    }
  }
}

const EVENT_HEAD = '{"type":"event","event":'

/** All events, as they are read. */
async function* exported(client: GatewayClient, question: Readonly<Record<string, string>>): AsyncGenerator<Line, void, undefined> {
  for await (const line of client.lines('GET', `/v1/export?${new URLSearchParams({ format: 'ndjson', ...question }).toString()}`)) {
    if (line.startsWith('{"type":"end"')) yield { end: readLine(line) }
    else if (line !== '') yield { event: line }
  }
}

function readLine(line: string): Fields {
  try {
    return readObject(JSON.parse(line))
  } catch {
    throw notUnderstood()
  }
}

function warningsText({ warnings }: Fields): string {
  return Array.isArray(warnings) ? warnings.map((warning) => String(readObject(warning)['detail'])).join('; ') : 'no reason is given'
}
