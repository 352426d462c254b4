import type { CommandCall, CommandOptions } from './command.ts'
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

/** @throws {CommandError} something stands behind a command that takes options only. */
export function refuseOperands({ operands }: CommandCall, name: string): void {
  if (operands.length > 0) throw new CommandError('usage', `${name} takes options only`)
}

/** The one operand of a command. @throws {CommandError} @param what it is, with an example. */
export function readOperand({ operands }: CommandCall, what: string): string {
  const [operand] = operands
  if (operand === undefined || operands.length !== 1) throw new CommandError('usage', `one ${what} is needed`)
  return operand
}
