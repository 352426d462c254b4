import type { Facet, TermNode } from '@millrace/query-language/ast'
import { fold } from '../fold.ts'
import { canonicalDecimal } from '../patterns/decimal.ts'
import { narrowBySubstring, rarestOf, type VerifyEntry } from '../patterns/find-substring.ts'
import { createWholeGlob, isSubstringGlob, literalsOf } from '../patterns/glob.ts'
import { compileRegex } from '../patterns/regex.ts'
import { byteString, decidePattern, decideSubstring, type TemplateText, type Verdict } from '../patterns/template-text.ts'
import { columnOf, valuesOfString } from './facet-columns.ts'
import type { Filter } from './filter.ts'
import type { Element } from './json-elements.ts'
import { decideValues, loadValues } from './scan-values.ts'
import type { NarrowStrings, ValuePredicate } from './value-predicate.ts'

/** A facet's value as a whole: exactly, with wildcards, or by a regular expression. @throws {BadPatternError} */
export function createTermFilter(node: TermNode): Filter {
  const names = [columnOf(node.facet)]
  const predicate = termPredicate(node)
  return {
    cost: node.pattern.kind === 'regex' ? 4 : 1,
    decide: async (fragment) => await decideValues(fragment, names, predicate),
    load: async (fragment) => await loadValues(fragment, names, predicate),
  }
}

function termPredicate({ facet, pattern }: TermNode): ValuePredicate {
  // Shippers disagree about ERROR and error, and people do not care.
  const isFolded = facet.kind === 'reserved' && facet.name === 'status' && pattern.kind !== 'regex'
  const folded = isFolded ? fold : (text: string): string => text
  const search = termSearch(pattern, folded)
  const decimal = pattern.kind === 'exact' ? canonicalDecimal(pattern.text) : undefined
  const matches = (text: string): boolean => search.matches(folded(text))
  const matchesNumeral = (text: string): boolean => matches(text) || (decimal !== undefined && canonicalDecimal(text) === decimal)
  const matchesElement = ({ type, text }: Element): boolean => (type === 'numeral' ? matchesNumeral(text) : matches(text))
  const isPlainString = !isTagFacet(facet)
  const number = decimal === undefined ? undefined : Number(decimal)
  const narrow: NarrowStrings = (type, strings, start, mask, foldedOf) => {
    const texts = isFolded ? foldedOf(strings) : strings
    const needle = type === 'string' ? rarestOf(search.needles, texts) : undefined
    if (needle !== undefined) narrowBySubstring(texts, needle, start, mask, search.verify)
    return needle !== undefined
  }
  return {
    matchesText: (type, text) => valuesOfString(facet, type, text).some(matchesElement),
    matchesNumber: (value) => matchesNumeral(String(value)),
    matchesLiteral: matches,
    narrow: isPlainString ? narrow : undefined,
    // Other types are numbers, or lists of values.
    templates: isPlainString ? { key: JSON.stringify([isFolded, pattern]), decide: (type, raw, foldedTemplate) => (type === 'string' ? search.decide(isFolded ? foldedTemplate : raw) : 'check') } : undefined,
    numbers: number === undefined ? undefined : { min: number, max: number },
    words: [],
    exactText: isPlainString && !isFolded && pattern.kind === 'exact' ? pattern.text : undefined,
  }
}

interface TermSearch {
  readonly matches: (text: string) => boolean
  /** UTF-8 of texts that every matching text contains; none is empty. */
  readonly needles: readonly Uint8Array[]
  readonly verify: VerifyEntry
  readonly decide: (template: TemplateText) => Verdict
}

function termSearch(pattern: TermNode['pattern'], folded: (text: string) => string): TermSearch {
  if (pattern.kind === 'exact') {
    const text = folded(pattern.text)
    const needle = Buffer.from(text, 'utf8')
    const bytes = byteString(text)
    return {
      needles: needle.length === 0 ? [] : [needle],
      matches: (value) => value === text,
      verify: (_, start, end) => end - start === needle.length,
      decide: ({ parts, slots }) => {
        const isPossible = bytes.startsWith(parts[0] ?? '') && bytes.endsWith(parts.at(-1) ?? '') && (slots.length > 0 || bytes === parts[0])
        return !isPossible ? 'none' : slots.length === 0 ? 'all' : decideSubstring({ parts, slots }, bytes) === 'none' ? 'none' : 'check'
      },
    }
  }
  const pieces = pattern.kind === 'wildcard' ? pattern.pieces.map((piece) => (typeof piece === 'object' ? { literal: folded(piece.literal) } : piece)) : []
  const regex = pattern.kind === 'regex' ? compileRegex(pattern.source) : undefined
  const matches = regex === undefined ? createWholeGlob(pieces) : (text: string): boolean => regex.test(text)
  const literals = regex?.literals ?? literalsOf(pieces)
  return {
    needles: literals.map((literal) => Buffer.from(literal, 'utf8')),
    matches,
    decide: (template) => decidePattern(template, literals.map(byteString), matches, isSubstringGlob(pieces)),
    verify: (bytes, start, end) => matches(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8')),
  }
}

function isTagFacet(facet: Facet): boolean {
  return columnOf(facet) === 'tags' && facet.kind !== 'attribute'
}

