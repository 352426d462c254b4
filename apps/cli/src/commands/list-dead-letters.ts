import { ADMIN_CONNECTION, openAdminClient } from '../gateway-client.ts'
import type { Command } from '../command.ts'
import { listPages } from '../list-pages.ts'
import { printableJson } from '../printable.ts'
import { fieldText } from '../read-answer.ts'
import { JSON_OPTION, readChoice, readNumber } from '../read-option.ts'
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
    ...JSON_OPTION,
    ...ADMIN_CONNECTION,
  },
  examples: ['millrace dead-letters list', 'millrace dead-letters list --partition 3 --order oldest --limit 100 --json'],
  run: async (call) => {
    const { options, print, remark } = call
    const question = {
      order: readChoice(options['order'], 'order', ['newest', 'oldest']),
      partition: readNumber(options['partition'], 'partition', { min: 0, max: MAX_PARTITION }),
      limit: readNumber(options['limit'], 'limit', { min: 1, max: MAX_LIMIT }) ?? DEFAULT_LIMIT,
      cursor: options['cursor'],
    } as const
    const { deadLetters, next } = await listPages(await openAdminClient(call), question)
    if (options['json'] !== undefined) print(printableJson({ deadLetters, ...(next === undefined ? {} : { next }) }))
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
