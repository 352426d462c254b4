import { ADMIN_CONNECTION, openAdminClient } from '../gateway-client.ts'
import type { Command } from '../command.ts'
import { CommandError } from '../command-error.ts'
import { printable, printableJson } from '../printable.ts'
import { JSON_OPTION } from '../read-option.ts'

/** `millrace sign-in`. */
export const signIn: Command = {
  name: 'sign-in',
  about: 'Prints an address that opens the page once, signed in. It is good for an hour.',
  operands: '',
  options: { tenant: { value: 'id', about: 'whose events the page shows; default unless given' }, ...JSON_OPTION, ...ADMIN_CONNECTION },
  examples: ['millrace sign-in', 'millrace sign-in --tenant team-b --url https://logs.example.com'],
  run: async (call) => {
    if (call.operands.length > 0) throw new CommandError('usage', 'sign-in takes options only')
    const client = await openAdminClient(call)
    const { path, expires } = readLink(await client.ask('POST', '/v1/sign-in-links', { tenant: call.options['tenant'] ?? 'default' }))
    if (call.options['json'] !== undefined) {
      call.print(printableJson({ url: client.url + path, expires }))
      return 'ok'
    }
    call.print(client.url + printable(path))
    call.remark(`it works once, until ${printable(expires)}`)
    return 'ok'
  },
}

/** @throws {CommandError} the answer is of another form. */
function readLink(answer: unknown): { readonly path: string; readonly expires: string } {
  if (typeof answer === 'object' && answer !== null && 'path' in answer && typeof answer.path === 'string' && 'expires' in answer && typeof answer.expires === 'string') return { path: answer.path, expires: answer.expires }
  throw new CommandError('error', 'the answer is not understood; is this a Millrace of the same version?')
}
