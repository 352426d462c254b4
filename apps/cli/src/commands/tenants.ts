import { DEFAULT_RETENTION_DAYS, MAX_RETENTION_DAYS } from '@millrace/access/create-tenant'
import { ADMIN_CONNECTION, openAdminClient } from '../gateway-client.ts'
import type { Command } from '../command.ts'
import { CommandError } from '../command-error.ts'
import { printable, printableJson } from '../printable.ts'
import { readText } from '../read-answer.ts'
import { JSON_OPTION, readNumber, readOperand, refuseOperands } from '../read-option.ts'
import { tableLines } from '../table-lines.ts'
import { fetchTenants, readTenant, tenantPath, type TenantAnswer } from '../tenant-answer.ts'

/** `millrace tenants list`. */
const list: Command = {
  name: 'tenants list',
  about: 'Lists the tenants.',
  operands: '',
  options: { ...JSON_OPTION, ...ADMIN_CONNECTION },
  examples: ['millrace tenants list'],
  run: async (call) => {
    refuseOperands(call, 'tenants list')
    const tenants = await fetchTenants(await openAdminClient(call))
    if (call.options['json'] !== undefined) call.print(printableJson({ tenants }))
    else for (const line of tableLines(['ID', 'NAME', 'RETENTION'], tenants.map(rowOf))) call.print(line)
    return 'ok'
  },
}

/** `millrace tenants show <id>`. */
const show: Command = {
  name: 'tenants show',
  about: 'Shows one tenant.',
  operands: '<id>',
  options: { ...JSON_OPTION, ...ADMIN_CONNECTION },
  examples: ['millrace tenants show team-b'],
  run: async (call) => {
    const id = readOperand(call, 'id of a tenant, as in team-b,')
    const tenant = readTenant(await (await openAdminClient(call)).ask('GET', tenantPath(id)))
    if (call.options['json'] !== undefined) call.print(printableJson(tenant))
    else for (const line of tableLines(['ID', 'NAME', 'RETENTION'], [rowOf(tenant)])) call.print(line)
    return 'ok'
  },
}

/** `millrace tenants create <name>`. */
const create: Command = {
  name: 'tenants create',
  about: 'Makes a tenant and prints its id and its first key, which is shown this once.',
  operands: '<name>',
  options: { 'retention-days': { value: 'days', about: `how long its events are kept; ${DEFAULT_RETENTION_DAYS} unless given` }, ...JSON_OPTION, ...ADMIN_CONNECTION },
  examples: ['millrace tenants create "Team B"', 'millrace tenants create team-b --retention-days 7 --json'],
  run: async (call) => {
    const name = readOperand(call, 'name of the tenant, in quotes where it has blanks,')
    const retentionDays = readDays(call.options['retention-days'], 'retention-days')
    const answer = await (await openAdminClient(call)).ask('POST', '/v1/tenants', { name, ...(retentionDays === undefined ? {} : { retentionDays }) })
    const tenant = readTenant(answer)
    const apiKey = readText(answer, 'apiKey')
    if (call.options['json'] !== undefined) call.print(printableJson({ ...tenant, apiKey }))
    else {
      call.print(`Tenant   ${printable(tenant.tenantId)}, ${tenant.retentionDays} days`)
      call.print(`API key  ${printable(apiKey)}`)
      call.remark('the key is kept nowhere: this is the only time that it is shown')
    }
    return 'ok'
  },
}

/** `millrace tenants set-retention <id>`. */
const setRetention: Command = {
  name: 'tenants set-retention',
  about: "Changes for how many days a tenant's events are kept. What falls out of a shorter retention is removed for good.",
  operands: '<id>',
  options: {
    days: { value: 'days', about: `1 to ${MAX_RETENTION_DAYS}` },
    shorten: { value: undefined, about: 'needed where it is shorter than before: older events are hidden at once and gone some minutes later' },
    ...JSON_OPTION, ...ADMIN_CONNECTION,
  },
  examples: ['millrace tenants set-retention team-b --days 90', 'millrace tenants set-retention team-b --days 7 --shorten'],
  run: async (call) => {
    const id = readOperand(call, 'id of a tenant, as in team-b,')
    const retentionDays = readDays(call.options['days'], 'days')
    if (retentionDays === undefined) throw new CommandError('usage', '--days is needed')
    const client = await openAdminClient(call)
    const before = readTenant(await client.ask('GET', tenantPath(id)))
    if (retentionDays < before.retentionDays && call.options['shorten'] === undefined) {
      throw new CommandError('usage', `${id} keeps ${before.retentionDays} days: events older than ${retentionDays} days would be removed for good. Repeat it with --shorten if that is meant`)
    }
    const tenant = readTenant(await client.ask('PATCH', tenantPath(id), { retentionDays }))
    if (call.options['json'] !== undefined) call.print(printableJson(tenant))
    else call.print(`${printable(tenant.tenantId)} keeps ${tenant.retentionDays} days now, ${before.retentionDays} before; it works within 10 s`)
    return 'ok'
  },
}

export const TENANT_COMMANDS: readonly Command[] = [list, show, create, setRetention]

function rowOf({ tenantId, name, retentionDays }: TenantAnswer): readonly string[] {
  return [tenantId, name, `${retentionDays} days`]
}

function readDays(text: string | undefined, name: string): number | undefined {
  return readNumber(text, name, { min: 1, max: MAX_RETENTION_DAYS })
}
