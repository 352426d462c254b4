import { CommandError } from './command-error.ts'

export type Fields = Readonly<Record<string, unknown>>

/** @throws {CommandError} the answer is of another form. */
export function readObject(answer: unknown): Fields {
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer)) throw notUnderstood()
  return answer as Fields
}

/** Objects of a list in an answer. @throws {CommandError} */
export function readObjects(answer: unknown, name: string): readonly Fields[] {
  const list = readObject(answer)[name]
  if (!Array.isArray(list)) throw notUnderstood()
  return list.map(readObject)
}

/** A text in an answer. @throws {CommandError} */
export function readText(answer: unknown, name: string): string {
  const text = readObject(answer)[name]
  if (typeof text !== 'string') throw notUnderstood()
  return text
}

/** A field for people; `-` when it is not known. */
export function fieldText(fields: Fields, name: string): string {
  const value = fields[name]
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '-'
}

export function notUnderstood(): CommandError {
  return new CommandError('error', 'the answer is not understood: is there a Millrace of this version at this address?')
}
