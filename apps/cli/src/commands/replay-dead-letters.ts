import { ADMIN_CONNECTION, openAdminClient, type GatewayClient } from '../gateway-client.ts'
import type { Command, CommandCall } from '../command.ts'
import { CommandError } from '../command-error.ts'
import { readReplayOutcomes } from '../dead-letter-answer.ts'
import type { ExitCode } from '../exit-code.ts'
import { listPages, MAX_PAGE_LETTERS } from '../list-pages.ts'
import { printableJson } from '../printable.ts'
import { fieldText } from '../read-answer.ts'
import { JSON_OPTION, readNumber } from '../read-option.ts'
import { tableLines } from '../table-lines.ts'

/** `millrace dead-letters replay <id>...`. */
export const replayDeadLetters: Command = {
  name: 'dead-letters replay',
  about: 'Sends dead letters through the pipeline again. They stay until they are discarded; one that fails again becomes a new dead letter.',
  operands: '<id>...',
  options: {
    all: { value: undefined, about: 'all that there are now, instead of ids, the oldest first' },
    partition: { value: 'number', about: 'with --all: only of this partition' },
    ...JSON_OPTION,
    ...ADMIN_CONNECTION,
  },
  examples: ['millrace dead-letters replay 3-120 3-121', 'millrace dead-letters replay --all --partition 3'],
  run: async (call) => {
    const isAll = readIsAll(call)
    const client = await openAdminClient(call)
    const ids = isAll ? await allIds(call, client) : call.operands
    const outcomes: ReturnType<typeof readReplayOutcomes>[number][] = []
    const tell = (): void => {
      if (call.options['json'] !== undefined) call.print(printableJson({ outcomes }))
      else if (outcomes.length > 0) for (const line of tableLines(['ID', 'OUTCOME', 'REASON'], outcomes.map((letter) => [letter.id, letter.outcome, fieldText(letter, 'reason')]))) call.print(line)
    }
    try {
      for (let start = 0; start < ids.length; start += MAX_PAGE_LETTERS) outcomes.push(...readReplayOutcomes(await client.ask('POST', '/v1/dead-letters/replay', { ids: ids.slice(start, start + MAX_PAGE_LETTERS) })))
    } catch (error) {
      tell() // what was replayed before must be known
      throw error
    }
    tell()
    if (ids.length === 0) call.remark('there are no dead letters')
    return exitCodeOf(outcomes.map(({ outcome }) => outcome))
  },
}

/** They are all listed before the first is replayed; more would be more than a person has looked at. */
const MAX_IDS = 10_000

function readIsAll({ operands, options }: CommandCall): boolean {
  const isAll = options['all'] !== undefined
  if (isAll === operands.length > 0) throw new CommandError('usage', 'ids of dead letters are needed, as in 3-120, or --all')
  if (!isAll && options['partition'] !== undefined) throw new CommandError('usage', '--partition goes with --all')
  return isAll
}

/** Newest first the list ends at what was there when it began: letters that this very replay makes are not among them. */
async function allIds({ options }: CommandCall, client: GatewayClient): Promise<readonly string[]> {
  const partition = readNumber(options['partition'], 'partition', { min: 0, max: 999_999 })
  const { deadLetters, next } = await listPages(client, { order: 'newest', partition, cursor: undefined, limit: MAX_IDS })
  if (next !== undefined) throw new CommandError('error', `there are more than ${MAX_IDS} dead letters: replay them by partition, or by id`)
  return deadLetters.map(({ id }) => id).reverse()
}

function exitCodeOf(outcomes: readonly string[]): ExitCode {
  if (outcomes.includes('failed')) return 'unavailable'
  return outcomes.every((outcome) => outcome === 'replayed') ? 'ok' : 'error'
}
