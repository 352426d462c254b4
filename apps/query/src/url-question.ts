import { BadQuestionError, readFilter, type QuestionFilter } from './read-question.ts'

/** Reads `query`, `from` and `to` of an address; now-15m to now unless it says otherwise. @throws {BadQuestionError} */
export function readUrlFilter({ searchParams }: URL, nowMs: number): QuestionFilter {
  const parameter = (name: string): string | undefined => searchParams.get(name) ?? undefined
  return readFilter({ query: parameter('query'), from: parameter('from'), to: parameter('to') }, nowMs)
}

/** @throws {BadQuestionError} */
export function readUrlLimit({ searchParams }: URL, { fallback, max }: { readonly fallback: number; readonly max: number }): number {
  const text = searchParams.get('limit')
  const limit = text === null ? fallback : Number(text)
  if (!Number.isInteger(limit) || limit < 1 || limit > max) throw new BadQuestionError(`limit must be a whole number from 1 to ${max}`)
  return limit
}

/** One of a few words, the first unless the address says otherwise. @throws {BadQuestionError} */
export function readUrlChoice<Choice extends string>({ searchParams }: URL, name: string, choices: readonly [Choice, ...Choice[]]): Choice {
  const text = searchParams.get(name) ?? choices[0]
  const choice = choices.find((candidate) => candidate === text)
  if (choice === undefined) throw new BadQuestionError(`${name} must be one of ${choices.join(', ')}`)
  return choice
}
