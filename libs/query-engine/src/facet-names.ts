// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import { RESERVED_COLUMNS } from '@millrace/fragment/event-columns'
import type { ColumnHeader } from '@millrace/fragment/fragment'
import { stringAt } from '@millrace/fragment/strings'
import type { Column } from '@millrace/fragment/table'
import { RESERVED_FACETS } from '@millrace/query-language/facet'
import { tagsOf } from './filters/facet-columns.ts'
import type { Filter } from './filters/filter.ts'
import type { FragmentReader } from './fragment-reader.ts'
import { maskOfMatches } from './matching-rows.ts'
import { ownText } from './own-text.ts'
import type { FacetName, FacetsRequest } from './query-engine.ts'
import { countRows } from './row-masks.ts'

/** Facets and their events over all fragments. */
export class FacetNames {
  readonly #byName = new Map<string, Map<FacetName['type'], number>>()
  #hasOverflowed = false

  /** True when there were more names than may be, and some are missing. */
  get hasOverflowed(): boolean {
    return this.#hasOverflowed
  }

  add(name: string, type: FacetName['type'], events: number): void {
    if (events === 0) return
    let counts = this.#byName.get(name)
    if (counts === undefined) {
      if (this.#byName.size >= MAX_FACET_NAMES) {
        this.#hasOverflowed = true
        return
      }
      this.#byName.set(ownText(name), (counts = new Map()))
    }
    counts.set(type, (counts.get(type) ?? 0) + events)
  }

  /** Reserved ones in their own order, then the others by their events. */
  sorted(): readonly FacetName[] {
    const facets = [...this.#byName].map(([name, counts]): FacetName => {
      const [[type] = ['string' as const]] = [...counts].sort(([, a], [, b]) => b - a)
      return { name, type, events: [...counts.values()].reduce((sum, count) => sum + count, 0) }
    })
    return facets.sort((a, b) => rankOf(a) - rankOf(b) || b.events - a.events || (a.name < b.name ? -1 : 1))
  }
}

/** Clients that make attribute names of ids have more; nobody scrolls through that many. */
export const MAX_FACET_NAMES = 10_000

/**
 * Adds the facets of a fragment's matching events. Where all of its rows match the footer tells nearly everything; else the presence of values in the matching rows is
 * counted. Everything is read before anything is added.
 */
export async function addFacetNames(names: FacetNames, request: FacetsRequest, fragment: FragmentReader, filter: Filter): Promise<void> {
  const mask = await maskOfMatches(fragment, request, filter)
  if (mask === 'none') return
  const found: (readonly [name: string, type: FacetName['type'], events: number])[] = []
  for (const header of fragment.header.columns) {
    if (header.name.startsWith('_')) continue
    if (header.name === 'tags' && header.type === 'string') found.push(...[...(await countTags(fragment, header, mask))].map(([name, events]) => [name, 'string', events] as const))
    else found.push([header.name, TYPES[header.type], mask === 'all' ? header.valueCount : await countPresent(fragment, header, mask)])
  }
  for (const [name, type, events] of found) names.add(name, type, events)
}

const TYPES = { string: 'string', number: 'number', numeral: 'number', literal: 'boolean', json: 'array' } as const satisfies Record<ColumnHeader['type'], FacetName['type']>
const RANKS: ReadonlyMap<string, number> = new Map(RESERVED_COLUMNS.map((name, index) => [name, index]))

function rankOf({ name }: FacetName): number {
  return RANKS.get(name) ?? RANKS.size
}

async function countPresent(fragment: FragmentReader, header: ColumnHeader, mask: Uint8Array): Promise<number> {
  if (header.valueCount === fragment.header.rows) return countRows(mask)
  const present = header.layout === 'text' && !fragment.hasColumn(header) ? (await fragment.templates(header))?.codes : undefined
  const has = present === undefined ? presenceOf((await fragment.column(header))[0]) : (row: number): boolean => present[row] !== 0
  let events = 0
  for (let row = 0; row < mask.length; row++) if (mask[row] === 1 && has(row)) events++
  return events
}

function presenceOf(column: Column | undefined): (row: number) => boolean {
  if (column === undefined) return () => false
  if (column.layout === 'dictionary' || column.layout === 'literal') {
    const { codes } = column
    return (row) => codes[row] !== 0
  }
  const { present } = column
  return present === undefined ? () => true : (row) => present[row] === 1
}

/** Each key of a row's tags counts once, and so does `tags` where there is any. */
async function countTags(fragment: FragmentReader, header: ColumnHeader, mask: Uint8Array | 'all'): Promise<ReadonlyMap<string, number>> {
  const events = new Map<string, number>()
  const add = (text: string, rows: number): void => {
    for (const name of namesOfTags(text)) events.set(name, (events.get(name) ?? 0) + rows)
  }
  const dictionary = mask === 'all' ? await fragment.dictionary(header) : undefined
  if (dictionary !== undefined) {
    dictionary.entries.forEach((entry, index) => { add(entry, dictionary.counts[index]!) })
    return events
  }
  const [column] = await fragment.column(header)
  if (column?.layout === 'dictionary') {
    const rowsOf = new Uint32Array(column.dictionary.offsets.length)
    for (let row = 0; row < column.codes.length; row++) if (mask === 'all' || mask[row] === 1) rowsOf[column.codes[row]!]!++
    fragment.textsOf(column.dictionary).forEach((text, index) => { if (rowsOf[index + 1]! > 0) add(text, rowsOf[index + 1]!) })
  } else if (column?.layout === 'text') {
    for (let row = 0; row < fragment.header.rows; row++) if ((mask === 'all' || mask[row] === 1) && column.present?.[row] !== 0) add(stringAt(column.strings, row), 1)
  }
  return events
}

function namesOfTags(text: string): ReadonlySet<string> {
  const names = new Set<string>()
  for (const tag of tagsOf(text)) {
    names.add('tags')
    const colon = tag.indexOf(':')
    const name = colon === -1 ? tag : tag.slice(0, colon)
    // Under these names no question finds a tag.
    if (name !== '' && !name.startsWith('@') && !RESERVED_FACETS.has(name)) names.add(name)
  }
  return names
}
