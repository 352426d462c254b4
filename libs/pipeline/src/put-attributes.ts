import { exactNumber } from '@millrace/event/exact-number'
import { escapedKey } from '@millrace/fragment/event-columns'
import { sourceText, type PlainValue } from '@millrace/fragment/plain-rows'
import type { Draft } from './draft.ts'
import type { Outcome } from './processor.ts'

/** What one text was parsed into: names of columns with values. */
export type Attributes = readonly (readonly [name: string, value: PlainValue])[]

/** Of one event. More is data and not attributes. */
export const MAX_PARSED_ATTRIBUTES = 256
/** Of a text that is parsed, in characters. A longer one is a dump, and parsing it would hold up other tenants. */
export const MAX_PARSED_LENGTH = 65_536

/** Puts attributes into a row; those that are there already stay, unless `overwrite`. */
export function putAttributes(draft: Draft, row: number, attributes: Attributes, overwrite: boolean): Outcome | Promise<Outcome> {
  for (const [name] of attributes) if (draft.at(name) === undefined) return loadAndPut(draft, row, attributes, overwrite)
  // All or none: what made a message of one of them would else lose the others.
  if (!draft.hasRoomFor(attributes.map(([name]) => name))) return 'failed'
  let isChanged = false
  for (const [name, value] of attributes) {
    if (!overwrite && draft.at(name)?.[row] !== undefined) continue
    if (draft.put(name, row, value)) isChanged = true
  }
  return isChanged ? 'changed' : 'same'
}

async function loadAndPut(draft: Draft, row: number, attributes: Attributes, overwrite: boolean): Promise<Outcome> {
  for (const [name] of attributes) await draft.load(name)
  return await putAttributes(draft, row, attributes, overwrite)
}

/** Name of the attribute `key` below `to`, or at the top. */
export function below(to: string | undefined, key: string): string {
  return to === undefined ? `@${escapedKey(key)}` : `${to}.${escapedKey(key)}`
}

/** The value as text; undefined where there is none, or it is null. */
export function asText(value: PlainValue | undefined): string | undefined {
  return value === undefined || value === null ? undefined : sourceText(value)
}

/** A text as the number that it plainly is, else as it is: for formats in which values have no types. */
export function numberOrText(text: string): PlainValue {
  if (text.length > MAX_NUMBER_LENGTH || !/^-?(?:0|[1-9]\d*)(?:\.\d+)?$/.test(text)) return text
  // What a double can't hold stays as it was written: ids, mostly.
  return exactNumber(text) ?? { numeral: text }
}

/** Longer digits are ids. */
const MAX_NUMBER_LENGTH = 32
