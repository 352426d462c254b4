import { readVersion } from '@millrace/service/version'
import type { Surroundings } from './command.ts'
import { CommandError } from './command-error.ts'
import { COMMANDS } from './commands.ts'
import type { ExitCode } from './exit-code.ts'
import { helpLines, helpPage } from './help-lines.ts'
import { parseCommandLine } from './parse-command-line.ts'
import { printable } from './printable.ts'

/** Does what the words of a command line say. Never throws for what a person or a server did: those end in a sentence and an exit code. */
export async function runCli(words: readonly string[], surroundings: Surroundings): Promise<ExitCode> {
  try {
    const [first] = words
    if (first === '--version' || first === 'version') {
      surroundings.print(readVersion() ?? 'unknown')
      return 'ok'
    }
    const line = parseCommandLine(words, COMMANDS)
    if ('command' in line) return await line.command.run({ ...surroundings, operands: line.operands, options: line.options })
    if ('pageOf' in line) {
      for (const text of helpPage(line.pageOf)) surroundings.print(text)
      return 'ok'
    }
    for (const text of helpLines(line.helpOn)) (line.isWrong ? surroundings.remark : surroundings.print)(text)
    return line.isWrong ? 'usage' : 'ok'
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    surroundings.remark(`millrace: ${printable(error.message)}`)
    if (error.exitCode === 'usage') surroundings.remark('millrace --help tells what can be asked.')
    return error.exitCode
  }
}
