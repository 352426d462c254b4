import type { LiveFragment } from '@millrace/catalog/live-fragments'
import type { ColumnHeader, FragmentHeader, TemplateTexts } from '@millrace/fragment/fragment'
import type { Column, Strings, TextColumn } from '@millrace/fragment/table'
import type { Decision, Filter } from './filters/filter.ts'
import type { TemplatePredicate } from './filters/value-predicate.ts'
import type { Dictionary, FragmentParts, TimeColumn } from './fragment-parts.ts'
import type { QueryBudget } from './query-budget.ts'
import type { JudgedRows, TemplateRows } from './template-rows.ts'

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

  /** Between steps of work on what was read. @throws as {@link QueryBudget.checkpoint}. */
  async checkpoint(): Promise<void> {
    await this.#budget.checkpoint()
  }

  headersOf(name: string): readonly ColumnHeader[] {
    return this.#parts.headersOf(name)
  }

  /** Columns of every type under one name. */
  async columns(name: string): Promise<readonly Column[]> {
    return (await Promise.all(this.headersOf(name).map(async (header) => await this.column(header)))).flat()
  }

  /** Answers one column, or none where the fragment lacks it. */
  async column(header: ColumnHeader): Promise<readonly Column[]> {
    if (!this.hasColumn(header)) this.#budget.charge(header.encodedBytes)
    const columns = await this.#parts.column(header)
    await this.#budget.checkpoint() // decoding a large column takes as long as a turn
    return columns
  }

  /** True when the column is decoded already. */
  hasColumn(header: ColumnHeader): boolean {
    return this.#parts.hasColumn(header)
  }

  /** Which row of a column has which template. Undefined when it is not stored as such. */
  async templates(header: ColumnHeader): Promise<TemplateRows | undefined> {
    return await this.#parts.templates(header)
  }

  /** What the templates of a column tell about a condition on its texts. Undefined when it is not stored as such. */
  async judgedTemplates(header: ColumnHeader, predicate: TemplatePredicate): Promise<JudgedRows | undefined> {
    return await this.#parts.judgedTemplates(header, predicate)
  }

  async templateTexts(header: ColumnHeader): Promise<TemplateTexts | undefined> {
    if (!this.#parts.hasTemplateTexts(header)) this.#budget.charge(header.encodedBytes)
    return await this.#parts.templateTexts(header)
  }

  /** The texts of few rows of a text column, without decoding those of the others. Undefined when the layout is another. */
  async textRows(header: ColumnHeader, rows: Uint32Array): Promise<TextColumn | undefined> {
    this.#budget.charge(header.encodedBytes)
    return await this.#parts.textRows(header, rows)
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
