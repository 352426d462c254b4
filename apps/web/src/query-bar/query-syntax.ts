import { HighlightStyle, StreamLanguage, syntaxHighlighting, type StringStream } from '@codemirror/language'
import type { Diagnostic } from '@codemirror/lint'
import type { Extension } from '@codemirror/state'
import { tags } from '@lezer/highlight'
import { parseQuery } from '@millrace/query-language/parse-query'
import { QuerySyntaxError } from '@millrace/query-language/query-syntax-error'

/** Colours of the search syntax (docs/design/search-syntax.md). Wrong text is coloured as well as it goes; {@link diagnosticsOf} says what is wrong. */
export function querySyntax(): Extension {
  return [QUERY_LANGUAGE, syntaxHighlighting(COLOURS)]
}

/** What is wrong with a query, where; the same words as the server's refusal. */
export function diagnosticsOf(text: string): Diagnostic[] {
  try {
    parseQuery(text)
    return []
  } catch (error) {
    if (!(error instanceof QuerySyntaxError)) throw error
    const from = Math.min(error.column - 1, Math.max(0, text.length - 1))
    return [{ from, to: Math.min(text.length, from + 1), severity: 'error', message: error.message }]
  }
}

const QUERY_LANGUAGE = StreamLanguage.define<{ afterFacet: boolean }>({
  startState: () => ({ afterFacet: false }),
  token: (stream, state) => {
    if (stream.eatSpace()) {
      state.afterFacet = false
      return null
    }
    const kind = readToken(stream, state.afterFacet)
    state.afterFacet = kind === 'propertyName' || (state.afterFacet && (kind === 'bracket' || kind === 'compareOperator'))
    return kind
  },
})

function readToken(stream: StringStream, isAfterFacet: boolean): string {
  if (stream.match(/^(?:AND|OR|NOT|TO)(?=[\s()\]}]|$)/)) return 'keyword'
  if (stream.match(/^~?"(?:\\.|[^"\\])*"?/)) return 'string'
  if (stream.match(/^[()[\]{}]/)) return 'bracket'
  if (!isAfterFacet && stream.match(/^-(?=\S)/)) return 'keyword'
  if (!isAfterFacet && stream.match(/^(?:\\.|[^\s()":\\])+:/)) return 'propertyName'
  if (stream.match(/^(?:>=|<=|>|<)/)) return 'compareOperator'
  if (stream.match(/^-?\d+(?:\.\d+)?(?=[\s()\]}]|$)/)) return 'number'
  if (stream.match(/^[*?]+/)) return 'keyword'
  if (stream.match(/^(?:\\.|[^\s()"*?\\[\]{}])+/)) return isAfterFacet ? 'string' : 'content'
  stream.next()
  return 'content'
}

const COLOURS = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--syntax-facet)' },
  { tag: tags.string, color: 'var(--syntax-value)' },
  { tag: tags.number, color: 'var(--syntax-number)' },
  { tag: tags.keyword, color: 'var(--syntax-operator)', fontWeight: '600' },
  { tag: tags.compareOperator, color: 'var(--syntax-operator)' },
  { tag: tags.bracket, color: 'var(--quiet)' },
])
