import type { PlainValue } from '@millrace/fragment/plain-rows'
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
      const { pattern, hints, isSecret }: StandardSecret = STANDARD_SECRETS[name]
      return { regex: compileLinearRegex(pattern, place), hints, isSecret }
    }),
    ...patterns.map((pattern, index): Search => {
      const regex = compileLinearRegex(pattern, `${place}.patterns[${index}]`)
      if (regex.states > MAX_REDACTING_STATES) throw new BadPipelineError(`${place}.patterns[${index}]: the expression needs ${regex.states} states, more than the ${MAX_REDACTING_STATES} that may look at every value; repeat less`)
      if (regex.test('')) throw new BadPipelineError(`${place}.patterns[${index}]: the expression matches nothing, and so everywhere`)
      return { regex, hints: [], isSecret: undefined }
    }),
  ]
  return {
    type: 'redact',
    async open(draft, { work }) {
      const names = where === '*' ? draft.names : where
      const columns = await Promise.all(names.map(async (name) => ({ name, values: await draft.load(name), known: new Map<string, string>() })))
      return (row) => {
        let isChanged = false
        for (const { name, values, known } of columns) {
          const value = values[row]
          if (value === undefined || value === null || typeof value === 'boolean') continue
          const text = typeof value === 'object' ? ('json' in value ? value.json : value.numeral) : String(value)
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

interface Search {
  readonly regex: LinearRegex
  /** One of them is in each match; none means that every text is looked at. */
  readonly hints: readonly string[]
  readonly isSecret: ((match: string) => boolean) | undefined
}

/** An expression for secrets sees every value whole, however long: about 1 us per character at worst. */
const MAX_REDACTING_STATES = 400
/** Of one column: values that are repeated are looked at once. */
const MAX_KNOWN = 10_000
const MAX_KNOWN_LENGTH = 256

function redact(text: string, searches: readonly Search[], replacement: string, work: WorkBudget): string {
  let redacted = text
  for (const { regex, hints, isSecret } of searches) {
    if (hints.length > 0 && !hints.some((hint) => redacted.includes(hint))) continue
    const pieces: string[] = []
    const step = Math.max(1, Math.floor(MAX_CALL_WORK / regex.states))
    for (let start = 0; start < redacted.length; ) {
      const end = pieceEnd(redacted, start, step)
      const piece = start === 0 && end === redacted.length ? redacted : redacted.slice(start, end)
      pieces.push(work.take(regex.states * piece.length) ? replaceAll(piece, regex, replacement, isSecret) : replacement)
      start = end
    }
    redacted = pieces.join('')
  }
  return redacted
}

/** Where a long text is cut: at white space near the end, as secrets have none. */
function pieceEnd(text: string, start: number, step: number): number {
  if (text.length - start <= step) return text.length
  for (let end = start + step; end > start + step - step / 4; end--) if (/\s/.test(text[end] ?? '')) return end
  return start + step
}

function replaceAll(text: string, regex: LinearRegex, replacement: string, isSecret: Search['isSecret']): string {
  if (!regex.test(text)) return text
  const match = regex.matcher(text)
  const pieces: string[] = []
  let end = 0
  while (match.find()) {
    const found = match.group() as string
    if (found === '' || (isSecret !== undefined && !isSecret(found))) continue
    pieces.push(text.slice(end, match.start()), replacement)
    end = match.end()
  }
  return pieces.length === 0 ? text : pieces.join('') + text.slice(end)
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
