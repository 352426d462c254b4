import { ADMIN_CONNECTION, openAdminClient } from '../gateway-client.ts'
import type { Command } from '../command.ts'
import { CommandError } from '../command-error.ts'
import { printable } from '../printable.ts'

/** `millrace dead-letters discard --through <id>`. */
export const discardDeadLetters: Command = {
  name: 'dead-letters discard',
  about: 'Removes a dead letter and all that were kept before it in its partition. There is no way back.',
  operands: '',
  options: { through: { value: 'id', about: 'the last one that goes' }, ...ADMIN_CONNECTION },
  examples: ['millrace dead-letters discard --through 3-120'],
  run: async (call) => {
    const through = call.options['through']
    if (through === undefined || call.operands.length > 0) throw new CommandError('usage', '--through and the id of the last dead letter that goes are needed')
    const client = await openAdminClient(call)
    await client.ask('DELETE', `/v1/dead-letters?${new URLSearchParams({ through }).toString()}`)
    call.remark(`discarded up to ${printable(through)}`)
    return 'ok'
  },
}
