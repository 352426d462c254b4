import { ADMIN_CONNECTION, openAdminClient } from '../gateway-client.ts'
import type { Command } from '../command.ts'
import { printableJson } from '../printable.ts'
import { notUnderstood, readObject, readObjects, readText } from '../read-answer.ts'
import { JSON_OPTION, readChoice, refuseOperands } from '../read-option.ts'
import { tableLines } from '../table-lines.ts'
import { fetchTenants, tenantPath } from '../tenant-answer.ts'

/** `millrace usage`. */
export const usage: Command = {
  name: 'usage',
  about: 'Tells how many events and bytes are stored of each tenant, by UTC day and service. docs/query-api.md defines the figures.',
  operands: '',
  options: {
    tenant: { value: 'id', about: 'only of this tenant; all unless given' },
    from: { value: 'time', about: 'now-30d unless given; also 2026-11-26T00:00:00Z' },
    to: { value: 'time', about: 'now unless given' },
    by: { value: 'tenant|day|service', about: 'a line for each of them; tenant unless given' },
    ...JSON_OPTION, ...ADMIN_CONNECTION,
  },
  examples: ['millrace usage', 'millrace usage --tenant team-b --by service --from now-7d'],
  run: async (call) => {
    refuseOperands(call, 'usage')
    const { options, print, remark } = call
    const by = readChoice(options['by'], 'by', ['tenant', 'day', 'service'])
    const client = await openAdminClient(call)
    const parameters = new URLSearchParams(Object.entries(options).filter(([name]) => name === 'from' || name === 'to'))
    const tenants = options['tenant'] === undefined ? (await fetchTenants(client)).map(({ tenantId }) => tenantId) : [options['tenant']]
    const answers: TenantUsage[] = []
    for (const tenant of tenants) answers.push(readUsage(tenant, await client.ask('GET', `${tenantPath(tenant)}/usage?${parameters.toString()}`)))
    if (options['json'] !== undefined) print(printableJson({ tenants: answers }))
    else for (const line of tableLines(HEADS[by], answers.flatMap((answer) => rowsOf(answer, by)))) print(line)
    const incomplete = answers.filter(({ complete }) => !complete).map(({ tenant }) => tenant)
    if (incomplete.length === 0) return 'ok'
    remark(`not complete: ${incomplete.join(', ')}`)
    return 'error'
  },
}

interface TenantUsage {
  readonly tenant: string
  readonly complete: boolean
  readonly days: readonly DayUsage[]
}

interface DayUsage extends Counts {
  readonly day: string
  readonly services: readonly (Counts & { readonly service: string })[]
}

interface Counts {
  readonly events: number
  readonly bytes: number
}

const HEADS = {
  tenant: ['TENANT', 'EVENTS', 'BYTES'],
  day: ['TENANT', 'DAY', 'EVENTS', 'BYTES'],
  service: ['TENANT', 'DAY', 'SERVICE', 'EVENTS', 'BYTES'],
} as const

function rowsOf({ tenant, days }: TenantUsage, by: keyof typeof HEADS): readonly (readonly string[])[] {
  const counts = ({ events, bytes }: Counts): readonly string[] => [String(events), String(bytes)]
  if (by === 'day') return days.map((day) => [tenant, day.day, ...counts(day)])
  if (by === 'service') return days.flatMap((day) => day.services.map((each) => [tenant, day.day, each.service || '-', ...counts(each)]))
  return [[tenant, ...counts({ events: days.reduce((sum, { events }) => sum + events, 0), bytes: days.reduce((sum, { bytes }) => sum + bytes, 0) })]]
}

function readUsage(tenant: string, answer: unknown): TenantUsage {
  return {
    tenant, complete: readObject(readObject(answer)['meta'])['complete'] === true,
    days: readObjects(answer, 'days').map((day) => ({ day: readText(day, 'day'), ...readCounts(day), services: readObjects(day, 'services').map((each) => ({ service: readText(each, 'service'), ...readCounts(each) })) })),
  }
}

function readCounts({ events, bytes }: Readonly<Record<string, unknown>>): Counts {
  if (typeof events !== 'number' || typeof bytes !== 'number') throw notUnderstood()
  return { events, bytes }
}
