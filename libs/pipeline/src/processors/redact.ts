import { sourceText, type PlainValue } from '@millrace/fragment/plain-rows'
import type { Values } from '../draft.ts'
import { compileLinearRegex, type LinearRegex } from '../linear-regex.ts'
import { BadPipelineError, type SettingsOf } from '../pipeline-document.ts'
import type { Processor } from '../processor.ts'
import { STANDARD_SECRETS, type StandardSecret } from '../standard-secrets.ts'
import { MAX_CALL_WORK, type WorkBudget } from '../work-budget.ts'

/**
 * Takes secrets out of values of every type. What can't be looked at any more, since patterns that are made to be slow have used up the batch's work, is taken
 * out whole: nothing passes that was not looked at.
 */
export function createRedact({ in: where, secrets, patterns, replacement }: SettingsOf<'redact'>, place: string): Processor {
  if (secrets.length + patterns.length === 0) throw new BadPipelineError(`${place}: name secrets, or give patterns`)
  const searches: readonly Search[] = [
    ...secrets.map((name): Search => {
      const { pattern, hints, within }: StandardSecret = STANDARD_SECRETS[name]
      return { regex: compileLinearRegex(pattern, place), hints, within }
    }),
    ...patterns.map((pattern, index): Search => {
      const regex = compileLinearRegex(pattern, `${place}.patterns[${index}]`)
      if (regex.states > MAX_REDACTING_STATES) throw new BadPipelineError(`${place}.patterns[${index}]: the expression needs ${regex.states} states, more than the ${MAX_REDACTING_STATES} that may look at every value; repeat less`)
      if (regex.test('')) throw new BadPipelineError(`${place}.patterns[${index}]: the expression matches nothing, and so everywhere`)
      return { regex, hints: [], within: undefined }
    }),
  ]
  return {
    type: 'redact',
    async open(draft, { work }) {
      const names = where === '*' ? draft.names : where
      // By row: of thousands of names each event has few.
      const columnsOf = new Map<number, RedactedColumn[]>()
      for (const name of names) {
        const column: RedactedColumn = { name, values: await draft.load(name), known: new Map() }
        for (const key of Object.keys(column.values)) {
          const columns = columnsOf.get(Number(key))
          if (columns === undefined) columnsOf.set(Number(key), [column])
          else columns.push(column)
        }
      }
      return (row) => {
        let isChanged = false
        for (const { name, values, known } of columnsOf.get(row) ?? []) {
          const value = values[row]
          if (value === undefined || value === null || typeof value === 'boolean') continue
          const text = sourceText(value)
          let redacted = known.get(text)
          if (redacted === undefined) {
            redacted = redact(text, searches, replacement, work)
            if (known.size < MAX_KNOWN && text.length <= MAX_KNOWN_LENGTH) known.set(text, redacted)
          }
          if (redacted !== text) isChanged = draft.put(name, row, replaced(value, redacted)) || isChanged
        }
        return isChanged ? 'changed' : 'same'
      }
    },
  }
}

interface RedactedColumn {
  readonly name: string
  readonly values: Values
  /** What its texts have become. */
  readonly known: Map<string, string>
}

interface Search {
  readonly regex: LinearRegex
  /** One of them is in each match; none means that every text is looked at. */
  readonly hints: readonly string[]
  readonly within: StandardSecret['within'] | undefined
}

/** An expression for secrets sees every value whole, however long: about 1 us per character at worst. */
const MAX_REDACTING_STATES = 400
/** Of one column: values that are repeated are looked at once. */
const MAX_KNOWN = 10_000
const MAX_KNOWN_LENGTH = 256

function redact(text: string, searches: readonly Search[], replacement: string, work: WorkBudget): string {
  let redacted = text
  for (const search of searches) redacted = replaceRanges(redacted, findSecrets(redacted, search, work), replacement)
  // JSON may write any sign of a secret as an escape, and JSON in a text of JSON does it again.
  for (let depth = 1; depth <= MAX_ESCAPE_DEPTH; depth++) {
    let view = unescaped(redacted, depth)
    for (const search of searches) {
      if (view === undefined) break
      const { text: plain, starts } = view
      const found = findSecrets(plain, search, work)
      if (found.length === 0) continue
      redacted = replaceRanges(redacted, found.map(([start, end]) => [starts[start] ?? 0, starts[end] ?? redacted.length]), replacement)
      view = unescaped(redacted, depth)
    }
  }
  return redacted
}

/** JSON in a member of JSON in a message. */
const MAX_ESCAPE_DEPTH = 3

/** Ascending, `[start, end)` each. */
type Ranges = readonly (readonly [start: number, end: number])[]

/** What there is no work left for is found whole. */
function findSecrets(text: string, { regex, hints, within }: Search, work: WorkBudget): Ranges {
  if (hints.length > 0 && !hints.some((hint) => text.includes(hint))) return []
  const ranges: [number, number][] = []
  const step = Math.max(1, Math.floor(MAX_CALL_WORK / regex.states))
  for (let start = 0; start < text.length; ) {
    const end = pieceEnd(text, start, step)
    const piece = start === 0 && end === text.length ? text : text.slice(start, end)
    if (!work.take(regex.states * piece.length)) ranges.push([start, end])
    else for (const [from, to] of findAll(piece, regex, within)) ranges.push([start + from, start + to])
    start = end
  }
  return ranges
}

/** The text with JSON's escapes replaced, as often as said, and where each of its signs (and its end) stands in the other; undefined where it has none that often. */
function unescaped(text: string, depth: number): { readonly text: string; readonly starts: Uint32Array } | undefined {
  let view = text
  let starts: Uint32Array | undefined
  for (let level = 0; level < depth; level++) {
    if (!view.includes('\\')) return undefined
    const signs: string[] = []
    const next = new Uint32Array(view.length + 1)
    let length = 0
    for (let at = 0; at < view.length; length++) {
      const end = at + escapeLength(view, at)
      next[length] = starts?.[at] ?? at
      signs.push(end - at === 1 ? (view[at] ?? '') : end - at === 2 ? (ESCAPES[view[at + 1] ?? ''] ?? '') : String.fromCharCode(Number.parseInt(view.slice(at + 2, end), 16)))
      at = end
    }
    if (length === view.length) return undefined
    next[length] = text.length
    view = signs.join('')
    starts = next.subarray(0, length + 1)
  }
  return starts === undefined ? undefined : { text: view, starts }
}

function escapeLength(text: string, at: number): number {
  if (text[at] !== '\\') return 1
  if (text[at + 1] === 'u' && /^[0-9a-fA-F]{4}$/.test(text.slice(at + 2, at + 6))) return 6
  return Object.hasOwn(ESCAPES, text[at + 1] ?? '') ? 2 : 1
}

const ESCAPES: Readonly<Record<string, string>> = { '"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t' }

/** Where a long text is cut: at white space near the end, as secrets have none. */
function pieceEnd(text: string, start: number, step: number): number {
  if (text.length - start <= step) return text.length
  for (let end = start + step; end > start + step - step / 4; end--) if (/\s/.test(text[end] ?? '')) return end
  return start + step
}

function findAll(text: string, regex: LinearRegex, within: Search['within']): Ranges {
  if (!regex.test(text)) return []
  const match = regex.matcher(text)
  const ranges: [number, number][] = []
  while (match.find()) {
    const found = match.group() as string
    const start = match.start()
    if (within !== undefined) for (const [from, to] of within(found)) ranges.push([start + from, start + to])
    else if (found !== '') ranges.push([start, match.end()])
  }
  return ranges
}

function replaceRanges(text: string, ranges: Ranges, replacement: string): string {
  if (ranges.length === 0) return text
  const pieces: string[] = []
  let done = 0
  for (const [start, end] of ranges) {
    pieces.push(text.slice(done, start), replacement)
    done = end
  }
  return pieces.join('') + text.slice(done)
}

/** A number that was redacted is a text; an array stays one while it is JSON. */
function replaced(value: Exclude<PlainValue, null | boolean>, redacted: string): PlainValue {
  if (typeof value !== 'object' || !('json' in value)) return redacted.toWellFormed()
  try {
    JSON.parse(redacted)
    return { json: redacted }
  } catch {
    return redacted.toWellFormed()
  }
}
