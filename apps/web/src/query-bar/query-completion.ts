import { autocompletion, pickedCompletion, startCompletion, type Completion, type CompletionContext, type CompletionResult, type CompletionSource } from '@codemirror/autocomplete'
import type { Extension } from '@codemirror/state'
import type { EditorView } from '@codemirror/view'
import { termOf } from '../state/query-terms.ts'

/** Where completions come from. */
export interface CompletionFacts {
  /** Names of facets, the likeliest first. */
  readonly facets: () => readonly string[]
  /** Values of a facet that begin with a text, the most frequent first. */
  readonly values: (facet: string, prefix: string, signal: AbortSignal) => Promise<readonly { readonly value: string | number; readonly count: number }[]>
}

/** Offers facets before a colon, and values after it. */
export function queryCompletion(facts: CompletionFacts): Extension {
  return autocompletion({ override: [completeQuery(facts)], icons: false, activateOnTyping: true, maxRenderedOptions: 50 })
}

export function completeQuery({ facets, values }: CompletionFacts): CompletionSource {
  return async (context) => {
    const before = context.state.sliceDoc(0, context.pos)
    if (isInQuotes(before)) return null
    const [word = ''] = /(?:\\.|[^\s()\\])*$/.exec(before) ?? []
    const [, sign = '', name] = /^(-?)((?:\\.|[^:\\])+):/.exec(word) ?? []
    return name === undefined ? completeFacet(context, word, facets()) : await completeValue(context, { name, at: sign.length + name.length + 1, word }, values)
  }
}

function completeFacet(context: CompletionContext, word: string, names: readonly string[]): CompletionResult | null {
  const from = context.pos - word.length + (word.startsWith('-') ? 1 : 0)
  if (word === '' && !context.explicit) return null
  return {
    from,
    // Not every word is a facet: a space or Enter takes what was typed.
    options: names.map((name, index) => ({ label: name, apply: applyFacet, type: 'property', boost: -Math.min(index, 99) })),
    validFor: /^[@\w.]*$/,
  }
}

/** A facet alone asks for nothing yet: its values are offered at once. */
function applyFacet(view: EditorView, completion: Completion, from: number, to: number): void {
  const text = `${completion.label}:`
  view.dispatch({ changes: { from, to, insert: text }, selection: { anchor: from + text.length }, annotations: pickedCompletion.of(completion), userEvent: 'input.complete' })
  startCompletion(view)
}

async function completeValue(context: CompletionContext, { name, at, word }: { readonly name: string; readonly at: number; readonly word: string }, values: CompletionFacts['values']): Promise<CompletionResult | null> {
  const gone = new AbortController()
  context.addEventListener('abort', () => { gone.abort() }, { onDocChange: true })
  try {
    const found = await values(name, word.slice(at), gone.signal)
    return {
      from: context.pos - word.length + at,
      options: found.map(({ value, count }, index) => ({ label: String(value), detail: count.toLocaleString('en'), apply: termOf(name, value).slice(name.length + 1), type: 'text', boost: -index })),
      filter: false,
    }
  } catch {
    return null // completion is a help: the search itself says what is wrong
  }
}

function isInQuotes(text: string): boolean {
  return (text.replace(/\\./g, '').match(/"/g)?.length ?? 0) % 2 === 1
}
