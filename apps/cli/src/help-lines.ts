import type { Command } from './command.ts'

/** What `--help` answers: all about one command, or what each of several does. */
export function helpLines(commands: readonly Command[]): readonly string[] {
  const [command] = commands
  if (command !== undefined && commands.length === 1) return commandLines(command)
  const width = Math.max(...commands.map(({ name }) => name.length))
  return ['usage: millrace <command> [options]', '', ...commands.map(({ name, about }) => `  ${name.padEnd(width)}  ${about}`), '', 'millrace <command> --help tells its options, with examples.']
}

function commandLines({ name, about, operands, options, examples }: Command): readonly string[] {
  const heads = Object.entries(options).map(([option, { value, about: text }]) => ({ head: `--${option}${value === undefined ? '' : ` <${value}>`}`, text }))
  const width = Math.max(...heads.map(({ head }) => head.length))
  return [
    ['usage: millrace', name, operands, '[options]'].filter((word) => word !== '').join(' '), '', about, '',
    'options:', ...heads.map(({ head, text }) => `  ${head.padEnd(width)}  ${text}`), '',
    'examples:', ...examples.map((example) => `  ${example}`), '',
    'exit code: 0 done, 1 not done, 2 the command line is wrong, 4 the key is not accepted, 5 something does not answer at the moment',
  ]
}
