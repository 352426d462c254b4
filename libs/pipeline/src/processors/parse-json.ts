import { exactNumber } from '@millrace/event/exact-number'
import { escapedKey } from '@millrace/fragment/event-columns'
import type { PlainValue } from '@millrace/fragment/plain-rows'
import type { SettingsOf } from '../pipeline-document.ts'
import type { Processor } from '../processor.ts'
import { below, MAX_PARSED_ATTRIBUTES, MAX_PARSED_LENGTH, putAttributes, type Attributes } from '../put-attributes.ts'

/** Members of an object in a text become attributes: nested ones by their paths, arrays as they are. */
export function createParseJson({ from, to, overwrite }: SettingsOf<'parse-json'>): Processor {
  return {
    type: 'parse-json',
    async open(draft) {
      const texts = await draft.load(from)
      return (row) => {
        const text = texts[row]
        if (typeof text !== 'string' || !OBJECT_START.test(text)) return 'same'
        const attributes = text.length > MAX_PARSED_LENGTH ? undefined : parseJsonAttributes(text, to)
        return attributes === undefined ? 'failed' : putAttributes(draft, row, attributes, overwrite)
      }
    },
  }
}

const OBJECT_START = /^\s{0,16}\{/

/** Undefined where it is no object, or one with too much in it. */
export function parseJsonAttributes(text: string, to: string | undefined): Attributes | undefined {
  try {
    const parsed: unknown = UNSAFE_NUMBER.test(text) ? JSON.parse(text, keepNumerals) : JSON.parse(text)
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined
    const attributes: [string, PlainValue][] = []
    for (const [key, value] of Object.entries(parsed)) if (!flatten(attributes, below(to, key), value, 1)) return undefined
    return attributes
  } catch (error) {
    // Thousands of levels overflow the stack when they are written again; the event must not cost its neighbours.
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined
    throw error
  }
}

/** Deeper objects stay whole, as text. */
const MAX_DEPTH = 20

/** Digits that a double may not hold, or an exponent: then each number's source is looked at. */
const UNSAFE_NUMBER = /[\d.]{16}|\d[eE]/

/** Numbers that a double would change keep their source text. */
function keepNumerals(this: unknown, _key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value
  return exactNumber(context.source) ?? new Numeral(context.source)
}

class Numeral {
  readonly source: string
  constructor(source: string) {
    this.source = source
  }

  toJSON(): unknown {
    return (JSON as unknown as { rawJSON: (source: string) => unknown }).rawJSON(this.source)
  }
}

function flatten(into: [string, PlainValue][], name: string, value: unknown, depth: number): boolean {
  if (into.length === MAX_PARSED_ATTRIBUTES) return false
  if (typeof value === 'string') into.push([name, value.toWellFormed()])
  else if (value === null || typeof value === 'boolean' || typeof value === 'number') into.push([name, value])
  else if (value instanceof Numeral) into.push([name, { numeral: value.source }])
  else if (Array.isArray(value) || depth === MAX_DEPTH) into.push([name, { json: JSON.stringify(value).toWellFormed() }])
  else {
    const members = Object.entries(value as object)
    if (members.length === 0) into.push([name, { json: '{}' }])
    for (const [key, member] of members) if (!flatten(into, `${name}.${escapedKey(key)}`, member, depth + 1)) return false
  }
  return true
}
