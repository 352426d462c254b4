import type { ColumnHeader, Fragment, FragmentHeader } from '@millrace/fragment/fragment'
import { valueAt, type PlainValue } from '@millrace/fragment/plain-rows'
import { selectRows } from '@millrace/fragment/merge-tables'
import type { Column, Table } from '@millrace/fragment/table'
import { columnHeaderOf, columnsFrom } from './columns-from.ts'

/** Per row; a hole or undefined where there is none. Never filled: thousands of names that few of 65,536 rows have would take gigabytes. */
export type Values = (PlainValue | undefined)[]

/**
 * A fragment while pipelines change it: the columns that a processor asked for, as values, and which rows are kept. Whatever nobody asks for stays encoded.
 */
export class Draft {
  readonly fragment: Fragment
  readonly rows: number
  /** 1 = the row stays. */
  readonly kept: Uint8Array
  /** Per row: for how many days it is kept; 0 = the tenant's own retention. */
  readonly retentionDays: Uint16Array
  /** Changes with every change of a value, so that what was derived can be told to be old. */
  revision = 0
  readonly #values = new Map<string, Values>()
  readonly #changed = new Set<string>()
  readonly #names: Set<string>
  readonly #addedNames = new Set<string>()
  /** Pairs of names, the second of which took values from the first. */
  readonly #moves = new Map<string, Set<string>>()
  /** Of changed names, until they change again. */
  readonly #made = new Map<string, readonly Column[]>()
  readonly #maxAddedNames: number
  readonly #pause: () => Promise<void>
  #times: Float64Array | undefined
  #haveTimesChanged = false

  /** @param pause lets others run, between columns. */
  constructor(fragment: Fragment, pause: () => Promise<void> = () => Promise.resolve()) {
    this.fragment = fragment
    this.rows = fragment.header.rows
    this.#pause = pause
    this.#maxAddedNames = Math.min(MAX_ADDED_NAMES, Math.floor(MAX_ADDED_CELLS / Math.max(1, this.rows)))
    this.kept = new Uint8Array(this.rows).fill(1)
    this.retentionDays = new Uint16Array(this.rows)
    this.#names = new Set(fragment.header.columns.map(({ name }) => name))
  }

  /** Names of all columns that events have or were given; those that the pipeline itself adds left out. */
  get names(): readonly string[] {
    return [...this.#names].filter((name) => !name.startsWith('_'))
  }

  get isChanged(): boolean {
    return this.revision > 0 || this.kept.includes(0) || this.retentionDays.some((days) => days !== 0)
  }

  /** The values under a name, of whatever type; the same array until the end, for reading only. */
  async load(name: string): Promise<Values> {
    const known = this.#values.get(name)
    if (known !== undefined) return known
    const values: Values = []
    for (const column of this.#names.has(name) ? await this.fragment.readNamed(name) : []) fill(values, column, this.rows)
    await this.#pause()
    // Another may have read it meanwhile, and it has to be one array.
    const meanwhile = this.#values.get(name)
    if (meanwhile !== undefined) return meanwhile
    this.#values.set(name, values)
    return values
  }

  /** As {@link load}, where it was loaded before; makes a new column where there is none by that name. */
  at(name: string): Values | undefined {
    const known = this.#values.get(name)
    if (known !== undefined || this.#names.has(name)) return known
    const values: Values = []
    this.#values.set(name, values)
    return values
  }

  /** Whether a fragment has or was given the name. */
  has(name: string): boolean {
    return this.#names.has(name)
  }

  /** Whether all of these names can be put in. */
  hasRoomFor(names: readonly string[]): boolean {
    const added = new Set<string>()
    for (const name of names) if (!this.#names.has(name)) added.add(name)
    return this.#addedNames.size + added.size <= this.#maxAddedNames
  }

  /** Puts a value in; undefined takes it out. False when the batch has too many names already. The name must be loaded, or new. */
  put(name: string, row: number, value: PlainValue | undefined): boolean {
    const values = this.at(name)
    if (values === undefined) throw new TypeError(`${name} was not loaded`)
    if (!this.#names.has(name)) {
      if (value === undefined) return true
      if (this.#addedNames.size >= this.#maxAddedNames) return false
      this.#addedNames.add(name)
      this.#names.add(name)
    }
    values[row] = value
    this.#changed.add(name)
    this.#made.delete(name)
    this.revision++
    return true
  }

  /** Puts the value of one name under another, and takes it out of the first. */
  move(from: string, to: string, row: number, value: PlainValue | undefined): boolean {
    if (!this.put(to, row, value)) return false
    this.put(from, row, undefined)
    const targets = this.#moves.get(from)
    if (targets === undefined) this.#moves.set(from, new Set([to]))
    else targets.add(to)
    return true
  }

  /** What was moved to names that are left out goes back, as it is by now. */
  #moveBack(): void {
    for (const [from, targets] of this.#moves) for (const to of targets) {
      if (this.#addedNames.has(from) || !this.#addedNames.has(to)) continue
      const [values, moved] = [this.#values.get(from), this.#values.get(to)]
      if (values !== undefined && moved !== undefined) for (let row = 0; row < this.rows; row++) if (values[row] === undefined && moved[row] !== undefined) values[row] = moved[row]
      this.#made.delete(from)
    }
  }

  /** Per row, ns since the fragment's day; negative or beyond the day for events that were moved to another. */
  async times(): Promise<Float64Array> {
    this.#times ??= Float64Array.from(await this.fragment.readTimeOffsets())
    return this.#times
  }

  /** {@link times} must have been read. */
  putTime(row: number, offset: number): void {
    if (this.#times === undefined) throw new TypeError('the times were not loaded')
    this.#times[row] = offset
    this.#haveTimesChanged = true
    this.revision++
  }

  /** The draft as it stands, as a fragment that a filter can be asked about. Values only: neither `kept` nor moved times are looked at. */
  async asFragment(): Promise<Fragment> {
    if (this.#changed.size === 0) return this.fragment
    const made = new Map<string, readonly Column[]>()
    for (const name of this.#changed) made.set(name, await this.#columnsOf(name))
    const header: FragmentHeader = {
      ...this.fragment.header,
      columns: [...this.fragment.header.columns.filter(({ name }) => !made.has(name)), ...[...made.values()].flat().map((column) => columnHeaderOf(column, this.rows))],
    }
    return new DraftFragment(this.fragment, header, made)
  }

  async #columnsOf(name: string): Promise<readonly Column[]> {
    let columns = this.#made.get(name)
    if (columns === undefined) {
      this.#made.set(name, (columns = columnsFrom(name, this.#values.get(name) ?? [], this.rows)))
      await this.#pause()
    }
    return columns
  }

  /**
   * What is left, of one or more days by the rows' times and one or more retentions; none where no row stays.
   *
   * @param added whether columns of names that the fragment did not have are in it.
   */
  async finish(added: 'with' | 'without' = 'with'): Promise<readonly KeptTable[]> {
    if (added === 'without') this.#moveBack()
    const whole = await this.fragment.readTable()
    const columns = whole.columns.filter(({ name }) => !this.#changed.has(name))
    for (const name of this.#changed) if (added === 'with' || !this.#addedNames.has(name)) columns.push(...(await this.#columnsOf(name)))
    const times = this.#haveTimesChanged ? await this.times() : whole.timeOffsets
    const parts = new Map<string, { readonly day: number; readonly retentionDays: number; readonly rows: number[] }>()
    for (let row = 0; row < this.rows; row++) {
      if (this.kept[row] === 0) continue
      const day = Math.floor((times[row] ?? 0) / DAY_NS)
      const retentionDays = this.retentionDays[row] ?? 0
      const part = parts.get(`${day} ${retentionDays}`)
      if (part === undefined) parts.set(`${day} ${retentionDays}`, { day, retentionDays, rows: [row] })
      else part.rows.push(row)
    }
    return [...parts.values()].sort((a, b) => a.day - b.day || a.retentionDays - b.retentionDays).map(({ day, retentionDays, rows }) => {
      const table: Table = { rows: this.rows, dayNs: whole.dayNs + BigInt(day) * BigInt(DAY_NS), timeOffsets: day === 0 ? times : times.map((time) => time - day * DAY_NS), columns }
      return { table: rows.length === this.rows ? table : selectRows(table, Uint32Array.from(rows)), ...(retentionDays === 0 ? {} : { retentionDays }) }
    })
  }
}

/** Rows of one day that are kept alike. */
export interface KeptTable {
  readonly table: Table
  /** Absent where it is the tenant's own. */
  readonly retentionDays?: number
}

/**
 * Of one fragment. Every name is a column that each stage encodes and every query looks through, and a pattern that takes names from messages could make one
 * of every word.
 */
export const MAX_ADDED_NAMES = 1_000
/** Names times rows: nine bytes each at most while they are encoded. */
const MAX_ADDED_CELLS = 16_777_216
const DAY_NS = 86_400_000_000_000

function fill(values: Values, column: Column, rows: number): void {
  if (column.layout === 'dictionary') {
    const entries = Array.from({ length: column.dictionary.offsets.length - 1 }, (_, entry) => valueAt({ ...column, codes: Uint32Array.of(entry + 1) }, 0))
    for (let row = 0; row < rows; row++) if (column.codes[row] !== 0) values[row] = entries[(column.codes[row] ?? 0) - 1]
    return
  }
  for (let row = 0; row < rows; row++) {
    const value = valueAt(column, row)
    if (value !== undefined) values[row] = value
  }
}

/** Another fragment with some columns replaced. Its filters know nothing of these, so that whatever is asked of them is possible. */
class DraftFragment implements Fragment {
  readonly header: FragmentHeader
  readonly #base: Fragment
  readonly #made: ReadonlyMap<string, readonly Column[]>

  constructor(base: Fragment, header: FragmentHeader, made: ReadonlyMap<string, readonly Column[]>) {
    this.#base = base
    this.header = header
    this.#made = made
  }

  async readNamed(name: string, type?: Column['type']): Promise<readonly Column[]> {
    return this.#made.get(name)?.filter((column) => type === undefined || column.type === type) ?? (await this.#base.readNamed(name, type))
  }

  async readColumns(wanted: (column: ColumnHeader) => boolean): Promise<readonly Column[]> {
    return (await Promise.all(this.header.columns.filter(wanted).map(async ({ name, type }) => await this.readNamed(name, type)))).flat()
  }

  async readTemplates(name: string, type: Column['type']): ReturnType<Fragment['readTemplates']> {
    return this.#made.has(name) ? undefined : await this.#base.readTemplates(name, type)
  }

  async readTemplateTexts(name: string, type: Column['type'], readColumn: Parameters<Fragment['readTemplateTexts']>[2]): ReturnType<Fragment['readTemplateTexts']> {
    return this.#made.has(name) ? undefined : await this.#base.readTemplateTexts(name, type, readColumn)
  }

  async readTextRows(name: string, type: Column['type'], rows: Uint32Array): ReturnType<Fragment['readTextRows']> {
    return this.#made.has(name) ? undefined : await this.#base.readTextRows(name, type, rows)
  }

  async readTimeOffsets(): Promise<Float64Array> {
    return await this.#base.readTimeOffsets()
  }

  async readDictionary(name: string, type: Column['type']): ReturnType<Fragment['readDictionary']> {
    return this.#made.has(name) ? undefined : await this.#base.readDictionary(name, type)
  }

  async mightContainWord(name: string, word: string): Promise<boolean> {
    return this.#made.has(name) || (await this.#base.mightContainWord(name, word))
  }

  async mightContainValue(name: string, value: string): Promise<boolean> {
    return this.#made.has(name) || (await this.#base.mightContainValue(name, value))
  }

  async readTable(): Promise<Table> {
    const table = await this.#base.readTable()
    return { ...table, columns: [...table.columns.filter(({ name }) => !this.#made.has(name)), ...[...this.#made.values()].flat()] }
  }
}
