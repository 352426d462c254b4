import { writeFile } from 'node:fs/promises'
import { ADMIN_CONNECTION, openAdminClient } from '../gateway-client.ts'
import type { Command } from '../command.ts'
import { CommandError } from '../command-error.ts'
import { readDeadLetter } from '../dead-letter-answer.ts'
import { printable, printableJson } from '../printable.ts'
import { fieldText } from '../read-answer.ts'
import { JSON_OPTION } from '../read-option.ts'

/** `millrace dead-letters show <id>`. */
export const showDeadLetter: Command = {
  name: 'dead-letters show',
  about: 'Shows one dead letter and the beginning of its bytes.',
  operands: '<id>',
  options: { save: { value: 'path', about: 'write the record as it was to a new file' }, ...JSON_OPTION, ...ADMIN_CONNECTION },
  examples: ['millrace dead-letters show 3-120', 'millrace dead-letters show 3-120 --save record.bin'],
  run: async (call) => {
    const { operands, options, print, remark } = call
    const [id] = operands
    if (id === undefined || operands.length !== 1) throw new CommandError('usage', 'one id of a dead letter is needed, as in 3-120')
    const client = await openAdminClient(call)
    const letter = readDeadLetter(await client.ask('GET', `/v1/dead-letters/${encodeURIComponent(id)}`))
    const value = Buffer.from(fieldText(letter, 'valueBase64'), 'base64')
    const path = options['save']
    if (path !== undefined) {
      await save(path, value)
      remark(`wrote ${value.length} bytes to ${printable(path)}`)
    }
    if (options['json'] !== undefined) print(printableJson(letter))
    else {
      for (const [name, field] of FIELDS) print(`${name.padEnd(12)}${printable(fieldText(letter, field))}`)
      for (const line of hexLines(value.subarray(0, SHOWN_BYTES))) print(line)
      if (value.length > SHOWN_BYTES) remark(`${value.length - SHOWN_BYTES} more bytes; --save writes all to a file`)
    }
    return 'ok'
  },
}

const FIELDS = [
  ['id', 'id'], ['kept', 'time'], ['reason', 'reason'], ['topic', 'topic'], ['partition', 'partition'], ['offset', 'offset'], ['bytes', 'bytes'], ['cut bytes', 'cutBytes'],
  ['tenant', 'tenantId'], ['received', 'receivedTime'], ['requests', 'requests'], ['events', 'events'],
] as const

/** The head of a batch with its tenant and request ids; what follows is compressed. */
const SHOWN_BYTES = 256
const LINE_BYTES = 16

/** `00000010  6c 6f 67 1b  |log.|`: only ASCII that a terminal prints stands between the bars. */
function hexLines(bytes: Uint8Array): readonly string[] {
  return Array.from({ length: Math.ceil(bytes.length / LINE_BYTES) }, (_, line) => {
    const part = [...bytes.subarray(line * LINE_BYTES, (line + 1) * LINE_BYTES)]
    const hex = part.map((byte) => byte.toString(16).padStart(2, '0')).join(' ').padEnd(LINE_BYTES * 3 - 1)
    return `${(line * LINE_BYTES).toString(16).padStart(8, '0')}  ${hex}  |${part.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')}|`
  })
}

async function save(path: string, value: Uint8Array): Promise<void> {
  try {
    await writeFile(path, value, { flag: 'wx' }) // never over something else
  } catch (cause) {
    const exists = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'
    throw new CommandError('error', exists ? `${path} exists already` : `${path} cannot be written`, { cause })
  }
}
