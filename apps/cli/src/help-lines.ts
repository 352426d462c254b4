import type { Command } from './command.ts'
import { EXIT_CODES } from './exit-code.ts'

/** What `--help` answers: all about one command, or what each of several does. */
export function helpLines(commands: readonly Command[]): readonly string[] {
  const [command] = commands
  if (command !== undefined && commands.length === 1) return commandLines(command)
  const width = Math.max(...commands.map(({ name }) => name.length))
  return ['usage: millrace <command> [options]', '', ...commands.map(({ name, about }) => `  ${name.padEnd(width)}  ${firstSentence(about)}`), '', 'millrace <command> --help tells its options, with examples.']
}

/** The commands' part of docs/cli.md, as Markdown. */
export function helpPage(commands: readonly Command[]): readonly string[] {
  return commands.flatMap((command) => [
    `### ${command.name}`, '', command.about, '',
    '```', usageLine(command), ...command.examples.map((example) => example), '```', '',
    ...(Object.keys(command.options).length === 0 ? [] : ['| option | means |', '|---|---|', ...optionsOf(command).map(({ head, text }) => `| \`${head.replaceAll('|', '\\|')}\` | ${text} |`), '']),
  ])
}

/** What scripts go by. */
export const EXIT_CODE_TEXT = `exit code: ${EXIT_CODES.ok} done, ${EXIT_CODES.error} not done, ${EXIT_CODES.usage} the command line is wrong, ${EXIT_CODES.auth} the key is not accepted, ${EXIT_CODES.unavailable} something does not answer at the moment`

function commandLines(command: Command): readonly string[] {
  const options = optionsOf(command)
  const width = Math.max(0, ...options.map(({ head }) => head.length))
  return [
    usageLine(command), '', command.about, '',
    ...(options.length === 0 ? [] : ['options:', ...options.map(({ head, text }) => `  ${head.padEnd(width)}  ${text}`), '']),
    'examples:', ...command.examples.map((example) => `  ${example}`), '',
    EXIT_CODE_TEXT,
  ]
}

function usageLine({ name, operands, options }: Command): string {
  return ['usage: millrace', name, operands, Object.keys(options).length === 0 ? '' : '[options]'].filter((word) => word !== '').join(' ')
}

function optionsOf({ options }: Command): readonly { readonly head: string; readonly text: string }[] {
  return Object.entries(options).map(([option, { value, about }]) => ({ head: `--${option}${value === undefined ? '' : ` <${value}>`}`, text: about }))
}

/** Enough to choose by. */
function firstSentence(about: string): string {
  return /^.*?[.](?= |$)/.exec(about)?.[0] ?? about
}
