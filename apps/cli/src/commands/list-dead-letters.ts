import { CONNECTION_OPTIONS, openAdminClient } from '../admin-client.ts'
import type { Command } from '../command.ts'
import { fieldText } from '../dead-letter-answer.ts'
import { listPages } from '../list-pages.ts'
import { printableJson } from '../printable.ts'
import { OUTPUT_OPTION, readChoice, readNumber, readOutput } from '../read-option.ts'
import { tableLines } from '../table-lines.ts'

/** `millrace dead-letters list`. */
export const listDeadLetters: Command = {
  name: 'dead-letters list',
  about: 'Lists the records that could not be stored, with the reason.',
  operands: '',
  options: {
    partition: { value: 'number', about: 'only of this partition' },
    order: { value: 'newest|oldest', about: 'which come first; newest unless given' },
    limit: { value: 'number', about: 'how many at most; 20 unless given' },
    cursor: { value: 'text', about: 'go on where an earlier list ended' },
    ...OUTPUT_OPTION,
    ...CONNECTION_OPTIONS,
  },
  examples: ['millrace dead-letters list', 'millrace dead-letters list --partition 3 --order oldest --limit 100 --output json'],
  run: async (call) => {
    const { options, print, remark } = call
    const output = readOutput(call)
    const question = {
      order: readChoice(options['order'], 'order', ['newest', 'oldest']),
      partition: readNumber(options['partition'], 'partition', { min: 0, max: MAX_PARTITION }),
      limit: readNumber(options['limit'], 'limit', { min: 1, max: MAX_LIMIT }) ?? DEFAULT_LIMIT,
      cursor: options['cursor'],
    } as const
    const { deadLetters, next } = await listPages(await openAdminClient(call), question)
    if (output === 'json') print(printableJson({ deadLetters, ...(next === undefined ? {} : { next }) }))
    else if (deadLetters.length === 0) remark('there are no dead letters')
    else {
      const rows = deadLetters.map((letter) => ['id', 'time', 'tenantId', 'events', 'bytes', 'reason'].map((name) => fieldText(letter, name)))
      for (const line of tableLines(['ID', 'KEPT', 'TENANT', 'EVENTS', 'BYTES', 'REASON'], rows)) print(line)
      if (next !== undefined) remark(`there are more: --order ${question.order} --cursor ${next}`)
    }
    return 'ok'
  },
}

/** A screen of a terminal. */
const DEFAULT_LIMIT = 20
/** A hundred questions; a list for a program may be long, but it is held in memory. */
const MAX_LIMIT = 10_000
/** Six digits, as the API takes. */
const MAX_PARTITION = 999_999
