import { ADMIN_CONNECTION, openAdminClient } from '../gateway-client.ts'
import type { Command, CommandCall, CommandOptions } from '../command.ts'
import { CommandError } from '../command-error.ts'
import { printable, printableJson } from '../printable.ts'
import { fieldText, readObjects, readText, type Fields } from '../read-answer.ts'
import { JSON_OPTION, readOperand, refuseOperands } from '../read-option.ts'
import { tableLines } from '../table-lines.ts'
import { tenantPath } from '../tenant-answer.ts'

const OWNER_OPTIONS = {
  tenant: { value: 'id', about: 'whose keys; default unless given' },
  admin: { value: undefined, about: 'admin keys, in the place of those of a tenant' },
} as const satisfies CommandOptions

/** `millrace keys list`. */
const list: Command = {
  name: 'keys list',
  about: 'Lists the keys of a tenant, or the admin keys, without their texts, which are kept nowhere.',
  operands: '',
  options: { ...OWNER_OPTIONS, ...JSON_OPTION, ...ADMIN_CONNECTION },
  examples: ['millrace keys list --tenant team-b', 'millrace keys list --admin'],
  run: async (call) => {
    refuseOperands(call, 'keys list')
    const keys = readObjects(await (await openAdminClient(call)).ask('GET', readPath(call)), 'keys')
    if (call.options['json'] !== undefined) call.print(printableJson({ keys }))
    else if (keys.length === 0) call.remark('there are no keys')
    else for (const line of tableLines(['ID', 'NAME', 'SCOPES', 'CREATED'], keys.map((key) => [fieldText(key, 'id'), fieldText(key, 'name') || '-', scopesText(key), fieldText(key, 'created')]))) call.print(line)
    return 'ok'
  },
}

/** `millrace keys create`. */
const create: Command = {
  name: 'keys create',
  about: 'Makes a key of a tenant, or an admin key, and prints it; it is shown this once.',
  operands: '',
  options: {
    ...OWNER_OPTIONS,
    name: { value: 'text', about: 'what people know it by' },
    scopes: { value: 'ingest,query', about: 'what it may: send events, ask for them; both unless given' },
    ...JSON_OPTION, ...ADMIN_CONNECTION,
  },
  examples: ['millrace keys create --tenant team-b --name agents --scopes ingest', 'millrace keys create --admin --name "night shift"'],
  run: async (call) => {
    refuseOperands(call, 'keys create')
    const { name, scopes } = call.options
    if (call.options['admin'] !== undefined && scopes !== undefined) throw new CommandError('usage', '--scopes goes with keys of a tenant')
    const body = { ...(name === undefined ? {} : { name }), ...(scopes === undefined ? {} : { scopes: readScopes(scopes) }) }
    const answer = await (await openAdminClient(call)).ask('POST', readPath(call), body)
    const text = readText(answer, 'key')
    if (call.options['json'] !== undefined) call.print(printableJson(answer))
    else {
      call.print(printable(text))
      call.remark(`key ${printable(readText(answer, 'id'))} is kept nowhere: this is the only time that it is shown`)
    }
    return 'ok'
  },
}

/** `millrace keys revoke <id>`. */
const revoke: Command = {
  name: 'keys revoke',
  about: 'Takes a key away: it opens nothing within 10 s, and neither do sessions that it opened.',
  operands: '<id>',
  options: { ...OWNER_OPTIONS, ...ADMIN_CONNECTION },
  examples: ['millrace keys revoke 5f0c2a9be1d84c37 --tenant team-b'],
  run: async (call) => {
    const id = readOperand(call, 'id of a key, as keys list gives it,')
    await (await openAdminClient(call)).ask('DELETE', `${readPath(call)}/${encodeURIComponent(id)}`)
    call.remark(`revoked ${printable(id)}; it works for 10 s more, and comes back if a start is given it by MILLRACE_BOOTSTRAP_API_KEY or MILLRACE_BOOTSTRAP_ADMIN_KEY`)
    return 'ok'
  },
}

export const KEY_COMMANDS: readonly Command[] = [list, create, revoke]

function readPath({ options }: CommandCall): string {
  if (options['admin'] === undefined) return `${tenantPath(options['tenant'] ?? 'default')}/keys`
  if (options['tenant'] !== undefined) throw new CommandError('usage', 'either --tenant or --admin')
  return '/v1/admin-keys'
}

function readScopes(text: string): readonly string[] {
  const scopes = text.split(',').map((scope) => scope.trim())
  if (!scopes.every((scope) => scope === 'ingest' || scope === 'query')) throw new CommandError('usage', '--scopes must be ingest, query, or both with a comma between')
  return scopes
}

function scopesText({ scopes }: Fields): string {
  return Array.isArray(scopes) ? scopes.join(',') : '-'
}
