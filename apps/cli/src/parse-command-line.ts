import { parseArgs } from 'node:util'
import { nearestName } from '@millrace/config/nearest-name'
import type { Command } from './command.ts'
import { CommandError } from './command-error.ts'

/** What a command line asks for: a command, or to be told about some (`isWrong` when that is not what it asked for). */
export type CommandLine =
  | { readonly command: Command; readonly operands: readonly string[]; readonly options: Readonly<Record<string, string>> }
  | { readonly helpOn: readonly Command[]; readonly isWrong: boolean }
  | { readonly pageOf: readonly Command[] }

/** @throws {CommandError} an unknown command or option; it names the nearest. */
export function parseCommandLine(words: readonly string[], commands: readonly Command[]): CommandLine {
  const isHelp = words.includes('--help') || words.includes('-h')
  const optionsAt = words.findIndex((word) => word.startsWith('-'))
  const named = words.slice(0, optionsAt === -1 ? words.length : optionsAt)
  const command = commands.find(({ name }) => name.split(' ').every((word, index) => named[index] === word))
  if (command !== undefined) return isHelp ? { helpOn: [command], isWrong: false } : { command, ...parseRest(words.slice(command.name.split(' ').length), command) }
  const group = commands.filter(({ name }) => name.startsWith(named.map((word) => `${word} `).join('')))
  if (named[0] === 'help' && words.includes('--markdown')) return { pageOf: commands }
  if (named.length === 0 || named[0] === 'help') return { helpOn: commands, isWrong: !isHelp && words.length > 0 && named.length === 0 }
  if (group.length > 0) return { helpOn: group, isWrong: !isHelp }
  const asked = named.slice(0, 2).join(' ')
  throw new CommandError('usage', `there is no command "${asked}"; did you mean "${nearestName(asked, commands.map(({ name }) => name)) ?? ''}"?`)
}

function parseRest(words: readonly string[], { name: commandName, options }: Command): { readonly operands: readonly string[]; readonly options: Readonly<Record<string, string>> } {
  const types = Object.fromEntries(Object.entries(options).map(([name, { value }]) => [name, { type: value === undefined ? ('boolean' as const) : ('string' as const) }]))
  // Not strict: its refusals do not know the nearest name.
  const { tokens, positionals } = parseArgs({ args: [...words], options: types, allowPositionals: true, strict: false, tokens: true })
  const given: Record<string, string> = {}
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined
    if (option === undefined) throw new CommandError('usage', `${commandName} has no option ${token.rawName}; did you mean --${nearestName(token.name, Object.keys(options)) ?? ''}?`)
    if (given[token.name] !== undefined) throw new CommandError('usage', `--${token.name} was given twice`)
    if (option.value === undefined && token.value !== undefined) throw new CommandError('usage', `--${token.name} takes no value`)
    if (option.value !== undefined && (token.value === undefined || token.value === '')) throw new CommandError('usage', `--${token.name} needs a value: ${option.value}`)
    given[token.name] = token.value ?? 'true'
  }
  return { operands: positionals, options: given }
}
