import { RE2JS, RE2JSException } from 're2js'
import { BadPatternError } from '../query-engine.ts'
import { translateRegex } from './translate-regex.ts'

/** A regular expression in RE2's syntax that is found anywhere in a text, in time linear in the text. */
export interface Regex {
  test(text: string): boolean
  /** Stand in every text that matches; none is empty. */
  readonly literals: readonly string[]
}

/** @throws {BadPatternError} */
export function compileRegex(source: string): Regex {
  if (source.length > MAX_REGEX_LENGTH) throw new BadPatternError(`a regular expression has at most ${MAX_REGEX_LENGTH} characters`)
  const re2 = compileRe2(source)
  const { native, literals } = translateRegex(source)
  return { literals, test: native === undefined ? (text) => re2.test(text) : (text) => (text.length <= MAX_NATIVE_LENGTH ? native.test(text) : re2.test(text)) }
}

/** Bounds the automaton; RE2 itself refuses repeats that multiply beyond 1000. */
const MAX_REGEX_LENGTH = 1000
/** V8's engine is some twenty times as fast, but may look at a text once per character: up to this length that stays under a millisecond. */
const MAX_NATIVE_LENGTH = 512

function compileRe2(source: string): RE2JS {
  try {
    return RE2JS.compile(source)
  } catch (cause) {
    if (!(cause instanceof RE2JSException)) throw cause
    throw new BadPatternError(`the regular expression ${JSON.stringify(source)} cannot be used: ${cause.message}`, { cause })
  }
}
