import { closeBrackets, completionKeymap, completionStatus } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { linter } from '@codemirror/lint'
import { EditorState, Prec, type Transaction, type TransactionSpec } from '@codemirror/state'
import { drawSelection, EditorView, keymap, placeholder } from '@codemirror/view'
import { useEffect, useRef, type ReactElement } from 'react'
import { queryCompletion, type CompletionFacts } from './query-completion.ts'
import { diagnosticsOf, querySyntax } from './query-syntax.ts'

interface QueryEditorProps {
  readonly query: string
  /** Enter. */
  readonly onRun: (query: string) => void
  /** Each change. */
  readonly onEdit: (query: string) => void
  readonly facts: CompletionFacts
}

/**
 * The query on one line. The editor lives in a shadow root: it makes its style sheets at run time, which the page's policy allows in no other place.
 * {@link focusQuery} comes here from anywhere.
 */
export function QueryEditor({ query, onRun, onEdit, facts }: QueryEditorProps): ReactElement {
  const host = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(undefined)
  const latest = useRef({ onRun, onEdit, facts })
  latest.current = { onRun, onEdit, facts }

  useEffect(() => {
    if (host.current === null) return undefined
    const root = host.current.shadowRoot ?? host.current.attachShadow({ mode: 'open' })
    const editor = new EditorView({
      root, parent: root,
      state: EditorState.create({
        doc: query,
        extensions: [
          Prec.highest(keymap.of([{ key: 'Enter', run: (current) => {
            if (completionStatus(current.state) === 'active') return false
            latest.current.onRun(current.state.doc.toString())
            return true
          } }])),
          EditorState.transactionFilter.of((transaction) => (transaction.newDoc.lines > 1 ? onOneLine(transaction) : transaction)),
          EditorView.updateListener.of(({ docChanged, state }) => { if (docChanged) latest.current.onEdit(state.doc.toString()) }),
          // Chromium keeps the colours of what is typed over, by inline styles that the policy forbids: the editor replaces it itself.
          EditorView.domEventHandlers({ beforeinput: (event, target) => {
            const { empty, from, to } = target.state.selection.main
            if (empty || event.inputType !== 'insertText' || event.data === null || event.isComposing) return false
            target.dispatch({ changes: { from, to, insert: event.data }, selection: { anchor: from + event.data.length }, userEvent: 'input.type', scrollIntoView: true })
            event.preventDefault()
            return true
          } }),
          EditorView.contentAttributes.of({ 'aria-label': 'Query', spellcheck: 'false', autocapitalize: 'off' }),
          placeholder('service:web status:error "connection refused" @http.status_code:>=500'),
          history(), drawSelection(), closeBrackets(), querySyntax(),
          queryCompletion({ facets: () => latest.current.facts.facets(), values: async (...asked) => await latest.current.facts.values(...asked) }),
          linter(({ state }) => diagnosticsOf(state.doc.toString()), { delay: LINT_DELAY_MS }),
          keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap]),
          LOOK,
        ],
      }),
    })
    view.current = editor
    return () => { editor.destroy() }
    // The editor keeps its own text; the effect below brings changes from outside.
  }, [])

  useEffect(() => {
    const editor = view.current
    if (editor === undefined || editor.state.doc.toString() === query) return
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: query }, selection: { anchor: query.length } })
  }, [query])

  return <div className="query-editor" id="query" ref={host} />
}

export function focusQuery(): void {
  document.getElementById('query')?.shadowRoot?.querySelector<HTMLElement>('.cm-content')?.focus()
}

/** People pause so long between words. */
const LINT_DELAY_MS = 400

/** Pasted lines are joined by spaces. */
function onOneLine(transaction: Transaction): readonly TransactionSpec[] {
  const text = transaction.newDoc.toString().replace(/\s*\n\s*/g, ' ')
  return [{ changes: { from: 0, to: transaction.startState.doc.length, insert: text }, selection: { anchor: text.length } }]
}

const LOOK = EditorView.theme({
  '&': { fontSize: '13px', backgroundColor: 'transparent', color: 'var(--text)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '20px', overflowX: 'auto', scrollbarWidth: 'none' },
  '.cm-content': { padding: '5px 0', caretColor: 'var(--text)' },
  '.cm-line': { padding: '0 2px' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-placeholder': { color: 'var(--quiet)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'var(--selection)' },
  '.cm-tooltip': { backgroundColor: 'var(--raised)', border: '1px solid var(--line)', borderRadius: '6px', boxShadow: 'var(--shadow)', color: 'var(--text)', overflow: 'hidden', zIndex: '20' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mono)', fontSize: '12px', maxHeight: '260px', padding: '4px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '3px 8px', borderRadius: '4px', display: 'flex', gap: '16px', justifyContent: 'space-between' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]': { backgroundColor: 'var(--accent)', color: 'var(--on-accent)' },
  '.cm-completionDetail': { fontStyle: 'normal', opacity: '0.75' },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '700' },
  '.cm-diagnostic': { padding: '4px 8px', fontFamily: 'var(--sans)', fontSize: '12px', borderLeft: '3px solid var(--error)' },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--error)', textUnderlineOffset: '3px' },
  '.cm-lintPoint-error::after': { borderBottomColor: 'var(--error)' },
})
