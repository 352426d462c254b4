import { parseArgs } from 'node:util'

/** What a tool can be told: every option has a default, and its type is the default's. */
export type OptionSpec = Readonly<Record<string, { readonly default: number | string | boolean; readonly about: string }>>

export type Options<Spec extends OptionSpec> = { readonly [Name in keyof Spec]: Widened<Spec[Name]['default']> }

type Widened<T> = T extends number ? number : T extends boolean ? boolean : string

/** Reads the command line; prints the options and ends the process when asked for `--help` or given something else. */
export function readOptions<const Spec extends OptionSpec>(about: string, spec: Spec): Options<Spec> {
  const parse = (): Record<string, unknown> => {
    const options = Object.fromEntries(Object.entries(spec).map(([name, option]) => [name, { type: typeof option.default === 'boolean' ? ('boolean' as const) : ('string' as const) }]))
    try {
      return parseArgs({ options: { ...options, help: { type: 'boolean' } } }).values
    } catch (error) {
      console.error(error instanceof Error ? error.message : error)
      return { help: true, wrong: true }
    }
  }
  const given = parse()
  if (given['help'] === true) {
    console.log([about, ...Object.entries(spec).map(([name, option]) => `  --${name.padEnd(14)} ${option.about} (${option.default})`)].join('\n'))
    process.exit(given['wrong'] === true ? 2 : 0)
  }
  const read = Object.entries(spec).map(([name, option]) => {
    const value = given[name]
    if (value === undefined) return [name, option.default]
    if (typeof option.default !== 'number') return [name, value]
    const number = Number(value)
    if (Number.isFinite(number)) return [name, number]
    console.error(`--${name} must be a number`)
    process.exit(2)
  })
  return Object.fromEntries(read) as Options<Spec> // each value has its default's type
}
