// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import type { LiveFragment } from '@millrace/catalog/live-fragments'
import type { ColumnHeader } from '@millrace/fragment/fragment'
import { sourceText, valueAt } from '@millrace/fragment/plain-rows'
import { stringAt } from '@millrace/fragment/strings'
import type { Column, Strings } from '@millrace/fragment/table'
import type { Filter } from './filters/filter.ts'
import type { FragmentReader } from './fragment-reader.ts'
import { maskOfMatches } from './matching-rows.ts'
import { ownText } from './own-text.ts'
import { messagePattern } from './patterns/message-pattern.ts'
import { templatePattern } from './patterns/template-pattern.ts'
import type { PatternsRequest } from './query-engine.ts'
import { countRows } from './row-masks.ts'

/** Events of one pattern. */
export interface PatternGroup {
  readonly pattern: string
  events: number
  /** Where the newest of them stands. The fragment is not held open: thousands of groups may name as many. */
  newest: { readonly live: LiveFragment; readonly row: number; readonly timestampNs: bigint }
}

/**
 * The patterns of many fragments, each fragment's added once it is read. When there are more than {@link MAX_PATTERNS}, the rarest are forgotten: what they had counts as other
 * events, and the same pattern met again begins anew.
 */
export class PatternGroups {
  readonly #groups = new Map<string, PatternGroup>()
  readonly #maxPatterns: number
  #matched = 0
  #maxLost = 0

  constructor(maxPatterns = MAX_PATTERNS) {
    this.#maxPatterns = maxPatterns
  }

  /** All matching events, also those without a pattern. */
  get matched(): number {
    return this.#matched
  }

  /** How many events more than counted a pattern may have at most: what those had that were forgotten. 0 while none was. */
  get maxLost(): number {
    return this.#maxLost
  }

  merge(matched: number, groups: Iterable<PatternGroup>): void {
    this.#matched += matched
    for (const group of groups) {
      const known = this.#groups.get(group.pattern)
      if (known === undefined) {
        this.#groups.set(group.pattern, group)
        continue
      }
      known.events += group.events
      if (group.newest.timestampNs > known.newest.timestampNs) known.newest = group.newest
    }
    if (this.#groups.size <= this.#maxPatterns) return
    // Half of the room is made at once, so that sorting costs little per fragment.
    const forgotten = this.sorted().slice(Math.ceil(this.#maxPatterns / 2))
    for (const { pattern } of forgotten) this.#groups.delete(pattern)
    this.#maxLost += forgotten[0]?.events ?? 0
  }

  /** The most frequent first, then by text. */
  sorted(): readonly PatternGroup[] {
    return [...this.#groups.values()].sort((a, b) => b.events - a.events || (a.pattern < b.pattern ? -1 : 1))
  }
}

/** With a pattern of some hundred characters each these are a few megabytes. */
export const MAX_PATTERNS = 10_000
/** Texts that are looked at between two pauses: about a millisecond's work. */
const STEP_ROWS = 1024

/** Adds a fragment's matching events. Everything is read before anything is added. */
export async function addPatterns(groups: PatternGroups, request: PatternsRequest, fragment: FragmentReader, filter: Filter): Promise<void> {
  const found = await maskOfMatches(fragment, request, filter)
  if (found === 'none') return
  const mask = found === 'all' ? new Uint8Array(fragment.header.rows).fill(1) : found
  const matched = countRows(mask)
  if (matched === 0) return
  const { offsets } = await fragment.times()
  const own = new FragmentGroups(fragment, offsets)
  for (const header of fragment.headersOf('message')) await addColumn(fragment, header, mask, own)
  groups.merge(matched, own.groups())
}

/** The patterns of one fragment while its columns are looked at. */
class FragmentGroups {
  readonly #fragment: FragmentReader
  readonly #offsets: Float64Array
  readonly #ids = new Map<string, number>()
  readonly #events: number[] = []
  readonly #newest: number[] = []

  constructor(fragment: FragmentReader, offsets: Float64Array) {
    this.#fragment = fragment
    this.#offsets = offsets
  }

  idOf(pattern: string): number {
    let id = this.#ids.get(pattern)
    if (id === undefined) {
      id = this.#events.push(0) - 1
      this.#newest.push(-1)
      this.#ids.set(ownText(pattern), id)
    }
    return id
  }

  add(id: number, row: number): void {
    this.#events[id]!++
    const newest = this.#newest[id]!
    if (newest < 0 || this.#offsets[row]! > this.#offsets[newest]!) this.#newest[id] = row
  }

  * groups(): Generator<PatternGroup, void, void> {
    const { live, header } = this.#fragment
    for (const [pattern, id] of this.#ids) {
      const [events, row] = [this.#events[id]!, this.#newest[id]!]
      if (events > 0) yield { pattern, events, newest: { live, row, timestampNs: header.dayNs + BigInt(this.#offsets[row]!) } }
    }
  }
}

async function addColumn(fragment: FragmentReader, header: ColumnHeader, mask: Uint8Array, own: FragmentGroups): Promise<void> {
  const templates = header.layout === 'text' && !fragment.hasColumn(header) ? await fragment.templates(header) : undefined
  if (templates === undefined) {
    const [column] = await fragment.column(header)
    if (column !== undefined) await addValues(fragment, column, mask, own)
    return
  }
  // Most templates have one pattern, and then no text of theirs is made.
  const ids = Int32Array.from([{ text: undefined }, ...templates.templates], ({ text }) => {
    const pattern = text === undefined ? undefined : templatePattern(text)
    return pattern === undefined ? UNTOLD : own.idOf(pattern)
  })
  const untold: number[] = []
  for (let row = 0; row < mask.length; row++) {
    const code = templates.codes[row]!
    if (mask[row] === 0 || code === 0) continue
    if (ids[code] === UNTOLD) untold.push(row)
    else own.add(ids[code]!, row)
  }
  if (untold.length > 0) await addRows(fragment, header, Uint32Array.from(untold), own)
}

const UNTOLD = -1

/** Makes the texts of these rows only, unless they are most. */
async function addRows(fragment: FragmentReader, header: ColumnHeader, rows: Uint32Array, own: FragmentGroups): Promise<void> {
  const texts = rows.length * 2 > fragment.header.rows ? undefined : await fragment.templateTexts(header)
  if (texts === undefined) {
    const [column] = await fragment.column(header)
    if (column?.layout === 'text') await addTexts(fragment, column.strings, rows, (row) => row, own)
    return
  }
  for (let start = 0; start < rows.length; start += STEP_ROWS) {
    const step = rows.subarray(start, start + STEP_ROWS)
    await addTexts(fragment, texts.textRows(step), step, (_, index) => index, own)
  }
}

async function addTexts(fragment: FragmentReader, strings: Strings, rows: Uint32Array, entryOf: (row: number, index: number) => number, own: FragmentGroups): Promise<void> {
  for (let index = 0; index < rows.length; index++) {
    if (index % STEP_ROWS === 0) await fragment.checkpoint()
    const row = rows[index]!
    own.add(own.idOf(messagePattern(stringAt(strings, entryOf(row, index)))), row)
  }
}

async function addValues(fragment: FragmentReader, column: Column, mask: Uint8Array, own: FragmentGroups): Promise<void> {
  const ids = column.layout === 'dictionary' ? fragment.textsOf(column.dictionary).map((text) => own.idOf(messagePattern(text))) : undefined
  for (let row = 0; row < mask.length; row++) {
    if (row % STEP_ROWS === 0) await fragment.checkpoint()
    if (mask[row] === 0) continue
    if (column.layout === 'dictionary') {
      if (column.codes[row] !== 0) own.add(ids![column.codes[row]! - 1]!, row)
      continue
    }
    const value = valueAt(column, row)
    if (value !== undefined) own.add(own.idOf(messagePattern(sourceText(value))), row)
  }
}
