import type { LiveFragment } from '@millrace/catalog/live-fragments'
import type { ColumnHeader, FragmentHeader } from '@millrace/fragment/fragment'
import type { Column, Strings } from '@millrace/fragment/table'
import type { Decision, Filter } from './filters/filter.ts'
import type { Dictionary, FragmentParts, TimeColumn } from './fragment-parts.ts'
import type { QueryBudget } from './query-budget.ts'

/** One query's view of one fragment: reads are charged to the query, and a filter is decided once. */
export class FragmentReader {
  readonly live: LiveFragment
  readonly #parts: FragmentParts
  readonly #budget: QueryBudget
  readonly #decisions = new Map<Filter, Decision>()

  constructor(live: LiveFragment, parts: FragmentParts, budget: QueryBudget) {
    this.live = live
    this.#parts = parts
    this.#budget = budget
  }

  get header(): FragmentHeader {
    return this.#parts.fragment.header
  }

  headersOf(name: string): readonly ColumnHeader[] {
    return this.#parts.headersOf(name)
  }

  async columns(name: string): Promise<readonly Column[]> {
    const headers = this.headersOf(name)
    if (headers.length === 0) return []
    if (!this.#parts.hasColumns(name)) this.#budget.charge(headers.reduce((sum, { encodedBytes }) => sum + encodedBytes, 0))
    return await this.#parts.columns(name)
  }

  async times(): Promise<TimeColumn> {
    return await this.#parts.times()
  }

  async decide(filter: Filter): Promise<Decision> {
    let decision = this.#decisions.get(filter)
    if (decision === undefined) {
      decision = await filter.decide(this)
      this.#decisions.set(filter, decision)
    }
    return decision
  }

  async mightContain(kind: 'word' | 'value', name: string, text: string): Promise<boolean> {
    return await this.#parts.mightContain(kind, name, text)
  }

  async dictionary(header: ColumnHeader): Promise<Dictionary | undefined> {
    return await this.#parts.dictionary(header)
  }

  foldedOf(strings: Strings): Strings {
    return this.#parts.foldedOf(strings)
  }

  textsOf(strings: Strings): readonly string[] {
    return this.#parts.textsOf(strings)
  }

  hashesOf(strings: Strings): Float64Array {
    return this.#parts.hashesOf(strings)
  }
}
