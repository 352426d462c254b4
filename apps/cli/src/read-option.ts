import type { CommandOptions } from './command.ts'
import { CommandError } from './command-error.ts'

/** Option of every command that answers more than a sentence. */
export const JSON_OPTION = { json: { value: undefined, about: 'answer JSON, for programs' } } as const satisfies CommandOptions

/** One of some words; the first when none was given. @throws {CommandError} */
export function readChoice<const Choice extends string>(text: string | undefined, name: string, choices: readonly [Choice, ...Choice[]]): Choice {
  const choice = text === undefined ? choices[0] : choices.find((each) => each === text)
  if (choice === undefined) throw new CommandError('usage', `--${name} must be ${choices.join(' or ')}`)
  return choice
}

/** A whole number within bounds, or undefined when it was not given. @throws {CommandError} */
export function readNumber(text: string | undefined, name: string, { min, max }: { readonly min: number; readonly max: number }): number | undefined {
  if (text === undefined) return undefined
  const number = /^\d{1,9}$/.test(text) ? Number(text) : NaN
  if (!(number >= min && number <= max)) throw new CommandError('usage', `--${name} must be a whole number from ${min} to ${max}`)
  return number
}
