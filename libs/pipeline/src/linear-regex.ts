import { RE2JS, RE2JSException, type Matcher } from 're2js'
import { BadPipelineError, MAX_PATTERN_LENGTH } from './pipeline-document.ts'

/** A regular expression in RE2's syntax: the time is linear in the text, whoever wrote either. */
export interface LinearRegex {
  /** States of the automaton: what each character of a text may cost. */
  readonly states: number
  test(text: string): boolean
  matcher(text: string): Matcher
}

/** @throws {BadPipelineError} */
export function compileLinearRegex(source: string, place: string): LinearRegex {
  if (source.length > MAX_EXPANDED_LENGTH) throw new BadPipelineError(`${place}: the expression has more than ${MAX_EXPANDED_LENGTH} characters when its names are replaced`)
  let compiled: RE2JS
  try {
    compiled = RE2JS.compile(source)
  } catch (cause) {
    if (!(cause instanceof RE2JSException)) throw cause
    throw new BadPipelineError(`${place}: ${JSON.stringify(source.slice(0, SHOWN_LENGTH))} cannot be used: ${cause.message}`, { cause })
  }
  const states = compiled.programSize()
  if (states > MAX_STATES) throw new BadPipelineError(`${place}: the expression needs ${states} states, more than ${MAX_STATES}; repeat less`)
  return { states, test: (text) => compiled.test(text), matcher: (text) => compiled.matcher(text) }
}

/** Names of patterns are replaced by patterns; a pattern for access logs becomes about 1,500 characters. */
const MAX_EXPANDED_LENGTH = 5 * MAX_PATTERN_LENGTH
/** Each is visited for each character at worst. */
export const MAX_STATES = 2_000
const SHOWN_LENGTH = 200
