import { notUnderstood, readObject, readObjects, readText, type Fields } from './read-answer.ts'

/** What the API says of a dead letter. Kept as it came for `--json`. */
export type DeadLetterAnswer = Fields & { readonly id: string }

/** @throws {CommandError} the answer is of another form. */
export function readDeadLetterList(answer: unknown): { readonly deadLetters: readonly DeadLetterAnswer[]; readonly next: string | undefined } {
  const { next } = readObject(answer)
  if (next !== undefined && typeof next !== 'string') throw notUnderstood()
  return { deadLetters: readObjects(answer, 'deadLetters').map(readDeadLetter), next }
}

/** @throws {CommandError} the answer is of another form. */
export function readDeadLetter(answer: unknown): DeadLetterAnswer {
  return { ...readObject(answer), id: readText(answer, 'id') }
}

/** What became of each letter that was to be replayed. @throws {CommandError} the answer is of another form. */
export function readReplayOutcomes(answer: unknown): readonly (DeadLetterAnswer & { readonly outcome: string })[] {
  return readObjects(answer, 'outcomes').map((each) => ({ ...readDeadLetter(each), outcome: readText(each, 'outcome') }))
}
