import { CommandError } from './command-error.ts'

/** What the API says of a dead letter. Kept as it came for `--output json`. */
export type DeadLetterAnswer = Readonly<Record<string, unknown>> & { readonly id: string }

/** @throws {CommandError} the answer is of another form. */
export function readDeadLetterList(answer: unknown): { readonly deadLetters: readonly DeadLetterAnswer[]; readonly next: string | undefined } {
  const { deadLetters, next } = readAnswer(answer)
  if (!Array.isArray(deadLetters) || (next !== undefined && typeof next !== 'string')) throw notUnderstood()
  return { deadLetters: deadLetters.map(readDeadLetter), next }
}

/** @throws {CommandError} the answer is of another form. */
export function readDeadLetter(answer: unknown): DeadLetterAnswer {
  const letter = readAnswer(answer)
  if (typeof letter['id'] !== 'string') throw notUnderstood()
  return { ...letter, id: letter['id'] }
}

/** What became of each letter that was to be replayed. @throws {CommandError} the answer is of another form. */
export function readReplayOutcomes(answer: unknown): readonly (DeadLetterAnswer & { readonly outcome: string })[] {
  const { outcomes } = readAnswer(answer)
  if (!Array.isArray(outcomes)) throw notUnderstood()
  return outcomes.map((each: unknown) => {
    const letter = readDeadLetter(each)
    if (typeof letter['outcome'] !== 'string') throw notUnderstood()
    return { ...letter, outcome: letter['outcome'] }
  })
}

/** A field for people; `-` when it is not known. */
export function fieldText(letter: DeadLetterAnswer, name: string): string {
  const value = letter[name]
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '-'
}

function readAnswer(answer: unknown): Readonly<Record<string, unknown>> {
  if (typeof answer !== 'object' || answer === null) throw notUnderstood()
  return answer as Readonly<Record<string, unknown>>
}

function notUnderstood(): CommandError {
  return new CommandError('error', 'the answer is not understood: is there a Millrace of this version at this address?')
}
