import { stringAt } from '@millrace/fragment/strings'
import type { Strings } from '@millrace/fragment/table'
import type { TextNode, TextPattern, WildcardPiece } from '@millrace/query-language/ast'
import { fold, wordsOfFolded } from '../fold.ts'
import type { FragmentReader } from '../fragment-reader.ts'
import { narrowBySubstring, rarestOf, type VerifyEntry } from '../patterns/find-substring.ts'
import { createStretchGlob, isSubstringGlob, literalsOf } from '../patterns/glob.ts'
import { hasPhrase } from '../patterns/phrase.ts'
import { byteString, decidePattern, decidePhrase, decideSubstring, plainText, sureParts, type TemplateText, type Verdict } from '../patterns/template-text.ts'
import type { Filter } from './filter.ts'
import { decideValues, loadValues } from './scan-values.ts'
import type { ValuePredicate } from './value-predicate.ts'

/**
 * Words, phrases and wildcards in the message, or in the text of any value. A message that is a number or a literal has no words:
 * neither the index nor a Bloom filter knows them.
 */
export function createTextFilter({ scope, pattern }: TextNode): Filter {
  const predicate = textPredicate(pattern, scope)
  const namesIn = scope === 'message' ? () => ['message'] : clientColumns
  return {
    cost: scope === 'message' ? 3 : 5,
    decide: async (fragment) => await decideValues(fragment, namesIn(fragment), predicate),
    load: async (fragment) => await loadValues(fragment, namesIn(fragment), predicate),
  }
}

/** Everything that a client sent: what the pipeline adds begins with `_`. */
function clientColumns(fragment: FragmentReader): readonly string[] {
  return [...new Set(fragment.header.columns.map(({ name }) => name))].filter((name) => !name.startsWith('_'))
}

function textPredicate(pattern: TextPattern, scope: TextNode['scope']): ValuePredicate {
  const { words, needles, verify, matches, decide } = pattern.kind === 'exact' ? phraseSearch(fold(pattern.text)) : globSearch(foldPieces(pattern.pieces))
  const narrow = (strings: Strings, start: number, mask: Uint8Array): void => {
    const needle = rarestOf(needles, strings)
    if (needle !== undefined) narrowBySubstring(strings, needle, start, mask, verify)
    else for (let i = 0; i < mask.length; i++) if (mask[i] === 1 && !matches(stringAt(strings, start + i))) mask[i] = 0
  }
  return {
    matchesText: (_, text) => matches(fold(text)),
    matchesNumber: (value) => scope === 'everywhere' && matches(fold(String(value))),
    matchesLiteral: (text) => scope === 'everywhere' && matches(text),
    narrow: (_, strings, start, mask, foldedOf) => {
      narrow(foldedOf(strings), start, mask)
      return true
    },
    templates: { key: JSON.stringify(['text', pattern]), decide: (_, __, folded) => decide(folded) },
    numbers: undefined, words, exactText: undefined,
  }
}

interface TextSearch {
  /** See {@link ValuePredicate}. */
  readonly words: readonly string[]
  /** UTF-8 of texts that every matching folded text contains; none is empty. */
  readonly needles: readonly Uint8Array[]
  /** Undefined when the one needle alone decides. */
  readonly verify: VerifyEntry | undefined
  readonly matches: (folded: string) => boolean
  readonly decide: (folded: TemplateText) => Verdict
}

/** The words of `text` one after the other; a text without words is looked for as it is. */
function phraseSearch(text: string): TextSearch {
  const words = wordsOfFolded(text)
  if (words.length === 0) {
    return { words: [], needles: text === '' ? [] : [Buffer.from(text, 'utf8')], verify: undefined, matches: (folded) => folded.includes(text), decide: (template) => decideSubstring(template, byteString(text)) }
  }
  const byteWords = words.map(byteString)
  const encoded = words.map((word) => new Uint8Array(Buffer.from(word, 'utf8')))
  const verify: VerifyEntry = (bytes, start, end) => hasPhrase(encoded, bytes, start, end)
  return {
    words: words.filter(isAscii),
    needles: encoded,
    verify,
    decide: (template) => decidePhrase(template, byteWords),
    matches: (folded) => {
      const bytes = new Uint8Array(Buffer.from(folded, 'utf8'))
      return verify(bytes, 0, bytes.length)
    },
  }
}

function globSearch(pieces: readonly WildcardPiece[]): TextSearch {
  const matches = createStretchGlob(pieces)
  const isSubstring = isSubstringGlob(pieces)
  const literals = literalsOf(pieces)
  return {
    words: [],
    decide: (template) => {
      const verdict = decidePattern(template, literals.map(byteString), matches, isSubstring)
      return verdict === 'check' && sureParts(template).some((part) => matches(plainText(part))) ? 'all' : verdict
    },
    needles: literals.map((literal) => Buffer.from(literal, 'utf8')),
    verify: isSubstring ? undefined : (bytes, start, end) => matches(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8')),
    matches,
  }
}

function foldPieces(pieces: readonly WildcardPiece[]): readonly WildcardPiece[] {
  return pieces.map((piece) => (typeof piece === 'object' ? { literal: fold(piece.literal) } : piece))
}

function isAscii(word: string): boolean {
  return /^[a-z0-9]+$/.test(word)
}
