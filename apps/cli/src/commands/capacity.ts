import { amountText, parseAmount } from '../capacity/amount-text.ts'
import { ASSUMPTIONS } from '../capacity/assumptions.ts'
import { assumptionTexts, capacityLines, capacityTable } from '../capacity/capacity-lines.ts'
import { FIGURES } from '../capacity/figures.ts'
import { planCapacity, type CapacityQuestion } from '../capacity/plan-capacity.ts'
import type { Command } from '../command.ts'
import { CommandError } from '../command-error.ts'
import { printableJson } from '../printable.ts'
import { JSON_OPTION, refuseOperands } from '../read-option.ts'

/** What is planned for unless a command line says otherwise. */
const DEFAULTS: Omit<CapacityQuestion, 'averageEventsPerSecond'> = {
  eventsPerSecond: 10_000, eventBytes: 450, eventsPerRequest: 1_000, retentionDays: 30, replication: 3, largestTenantEventsPerSecond: 0, questionsPerSecond: 5, questionEvents: 2e6,
}

/** `millrace capacity`. */
export const capacity: Command = {
  name: 'capacity',
  about: 'Calculates what a load needs: cores, replicas, memory, partitions, nodes, disks, network, from figures that were measured. Asks nothing of any system.',
  operands: '',
  options: {
    'events-per-second': { value: 'amount', about: `at the peak; ${amountText(DEFAULTS.eventsPerSecond)} unless given. Amounts are 450, 10k, 1.5M, 1e9` },
    'average-events-per-second': { value: 'amount', about: 'over a day, for disks; as the peak unless given' },
    'event-bytes': { value: 'amount', about: `of one as JSON; ${DEFAULTS.eventBytes} unless given` },
    'events-per-request': { value: 'amount', about: `${amountText(DEFAULTS.eventsPerRequest)} unless given` },
    'retention-days': { value: 'amount', about: `${DEFAULTS.retentionDays} unless given` },
    'replication': { value: 'amount', about: `copies in Kafka and Cassandra; ${DEFAULTS.replication} unless given` },
    'largest-tenant': { value: 'amount', about: 'events/s of the largest tenant, which has two partitions' },
    'questions-per-second': { value: 'amount', about: `${DEFAULTS.questionsPerSecond} unless given` },
    'question-events': { value: 'amount', about: `events in the range of a question; ${amountText(DEFAULTS.questionEvents)} unless given` },
    'table': { value: undefined, about: 'the table of docs/design/capacity.md instead: a line for 10 k to 1 G events/s' },
    ...JSON_OPTION,
  },
  examples: ['millrace capacity --events-per-second 1M --retention-days 14', 'millrace capacity --events-per-second 1e9 --event-bytes 450 --retention-days 30 --replication 3 --json'],
  run: (call) => {
    refuseOperands(call, 'capacity')
    const { options, print, remark } = call
    const question = readQuestion(options)
    if (options['table'] !== undefined) for (const line of capacityTable(question)) print(line)
    else {
      const plan = planCapacity(question)
      if (options['json'] !== undefined) print(printableJson({ question, plan, assumptions: ASSUMPTIONS, assumed: assumptionTexts(question), figures: FIGURES }))
      else for (const line of capacityLines(question, plan)) print(line)
      for (const problem of plan.problems) remark(problem)
      if (plan.problems.length > 0) return Promise.resolve('error')
    }
    return Promise.resolve('ok')
  },
}

function readQuestion(options: Readonly<Record<string, string>>): CapacityQuestion {
  const amount = (name: string, otherwise: number, isWhole = false): number => {
    const text = options[name]
    const value = text === undefined ? otherwise : parseAmount(text)
    if (value === undefined || value > MAX_AMOUNT || (isWhole && !Number.isInteger(value))) throw new CommandError('usage', `--${name} must be ${isWhole ? 'a whole amount' : 'an amount'} above 0, such as 450, 10k, 1.5M or 1e9`)
    return value
  }
  const eventsPerSecond = amount('events-per-second', DEFAULTS.eventsPerSecond)
  const averageEventsPerSecond = amount('average-events-per-second', eventsPerSecond)
  if (averageEventsPerSecond > eventsPerSecond) throw new CommandError('usage', '--average-events-per-second is above the peak')
  return {
    eventsPerSecond, averageEventsPerSecond,
    eventBytes: amount('event-bytes', DEFAULTS.eventBytes), eventsPerRequest: amount('events-per-request', DEFAULTS.eventsPerRequest), retentionDays: amount('retention-days', DEFAULTS.retentionDays, true),
    replication: amount('replication', DEFAULTS.replication, true), largestTenantEventsPerSecond: amount('largest-tenant', DEFAULTS.largestTenantEventsPerSecond),
    questionsPerSecond: amount('questions-per-second', DEFAULTS.questionsPerSecond), questionEvents: amount('question-events', DEFAULTS.questionEvents),
  }
}

/** A thousand times what anyone has asked for; beyond it sums lose their digits. */
const MAX_AMOUNT = 1e12
