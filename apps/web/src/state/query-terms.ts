import type { ValuePattern } from '@millrace/query-language/ast'
import { facetOf } from '@millrace/query-language/facet'
import { printQuery } from '@millrace/query-language/print-query'

/** `service:web`, quoted where the value needs it. @param facet as it stands alone: `service`, `@http.status_code`, `env`. */
export function termOf(facet: string, value: string | number | boolean): string {
  const text = String(value)
  const pattern: ValuePattern = { kind: 'exact', text, isQuoted: !/^[\w.\-/]+$/.test(text) || /^-/.test(text) }
  return facet === 'message' ? printQuery({ type: 'text', scope: 'message', pattern: { ...pattern, isQuoted: true } }) : printQuery({ type: 'term', facet: facetOf(facet), pattern })
}

/** The query with one more condition; it already has it: the same. A query with OR is put in parentheses first. */
export function withTerm(query: string, term: string): string {
  if (hasTerm(query, term)) return query
  const rest = withoutTerm(query, term.startsWith('-') ? term.slice(1) : `-${term}`)
  if (rest === '' || rest === '*') return term
  return /\bOR\b/.test(rest) && !/^\(.*\)$/s.test(rest) ? `(${rest}) ${term}` : `${rest} ${term}`
}

/** The query without a condition that stands in it as it is; conditions inside of parentheses stay. */
export function withoutTerm(query: string, term: string): string {
  const at = positionOf(query, term)
  return at === -1 ? query.trim() : `${query.slice(0, at).trimEnd()} ${query.slice(at + term.length).trimStart()}`.trim()
}

export function hasTerm(query: string, term: string): boolean {
  return positionOf(query, term) !== -1
}

/** Of the condition as a word of its own. */
function positionOf(query: string, term: string): number {
  for (let at = query.indexOf(term); at !== -1; at = query.indexOf(term, at + 1)) {
    if ((at === 0 || query.charAt(at - 1) === ' ') && (at + term.length === query.length || query.charAt(at + term.length) === ' ')) return at
  }
  return -1
}

/** Words of a pattern that stay the same, as phrases: `GET * took * ms` asks for `"GET" "took" "ms"`. */
export function queryOfPattern(pattern: string): string {
  const phrases: string[][] = [[]]
  for (const word of pattern.split(/\s+/)) if (word.includes('*')) phrases.push([])
  else phrases.at(-1)?.push(word)
  return phrases.map((words) => words.join(' ').trim()).filter((phrase) => /[\p{L}\p{N}]/u.test(phrase)).map((phrase) => termOf('message', phrase)).join(' ')
}
