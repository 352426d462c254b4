import type { LiveFragment } from '@millrace/catalog/live-fragments'
import { parseObjectKey, type FragmentStore } from '@millrace/fragment-store/fragment-store'
import type { ColumnHeader, Fragment, TemplateTexts } from '@millrace/fragment/fragment'
import { openFragment } from '@millrace/fragment/read-fragment'
import { textsOf } from '@millrace/fragment/strings'
import type { Column, StringType, Strings, TextColumn } from '@millrace/fragment/table'
import { createBlockReads, MAX_BLOCKS } from './block-reads.ts'
import type { TemplatePredicate } from './filters/value-predicate.ts'
import { foldStrings } from './fold.ts'
import { hashTexts } from './hash-texts.ts'
import { judgeTemplates, templateRowsOf, type JudgedRows, type TemplateRows } from './template-rows.ts'

/** Opens a fragment; reads its footer. @param blockBytes 0 for a store where small reads cost little. @param grow told how many bytes each decoded part takes. */
export async function openFragmentParts(store: FragmentStore, live: LiveFragment, blockBytes: number, grow: (bytes: number) => void): Promise<FragmentParts> {
  const key = parseObjectKey(live.object)
  const read = async (start: number, end: number): Promise<Uint8Array> => {
    const bytes = await store.read(key, live.start + start, live.start + end)
    if (bytes === undefined) throw new MissingObjectError(`object ${live.object} is gone`)
    return bytes
  }
  const size = live.end - live.start
  const fragment = await openFragment(blockBytes === 0 ? read : createBlockReads(read, size, blockBytes), size)
  grow(Math.min(size, MAX_BLOCKS * blockBytes))
  return new FragmentParts(fragment, grow)
}

/** What the catalog named is not in the store: it was merged away in between, or lost. */
export class MissingObjectError extends Error {
  override readonly name = 'MissingObjectError'
  readonly code = 'MISSING_OBJECT'
  readonly retryable = false
}

/** Times of rows, ns since the fragment's day. */
export interface TimeColumn {
  readonly offsets: Float64Array
  readonly isSorted: boolean
}

/** An open fragment and everything decoded of it so far; shared by queries, never changed once it is there. */
export class FragmentParts {
  readonly fragment: Fragment
  readonly #grow: (bytes: number) => void
  readonly #columns = new Map<string, Promise<readonly Column[]>>()
  readonly #templates = new Map<string, Promise<TemplateRows | undefined>>()
  readonly #templateTexts = new Map<string, Promise<TemplateTexts | undefined>>()
  readonly #judged = new Map<TemplateRows, Map<string, JudgedRows>>()
  readonly #answers = new Map<string, Promise<boolean>>()
  readonly #dictionaries = new Map<string, Promise<Dictionary | undefined>>()
  readonly #folded = new Map<Strings, Strings>()
  readonly #texts = new Map<Strings, readonly string[]>()
  readonly #hashes = new Map<Strings, Float64Array>()
  #headers: Map<string, ColumnHeader[]> | undefined
  #times: Promise<TimeColumn> | undefined

  constructor(fragment: Fragment, grow: (bytes: number) => void) {
    this.fragment = fragment
    this.#grow = grow
    grow(fragment.header.columns.length * HEADER_BYTES)
  }

  headersOf(name: string): readonly ColumnHeader[] {
    if (this.#headers === undefined) this.#headers = Map.groupBy(this.fragment.header.columns, (header) => header.name)
    return this.#headers.get(name) ?? []
  }

  hasColumn({ name, type }: ColumnHeader): boolean {
    return this.#columns.has(`${type} ${name}`)
  }

  /** Answers one column, or none where the fragment lacks it. */
  async column({ name, type }: ColumnHeader): Promise<readonly Column[]> {
    return await remember(this.#columns, `${type} ${name}`, async () => {
      const columns = (await this.fragment.readNamed(name, type)).map(withPlainArrays)
      this.#grow(columns.reduce((sum, column) => sum + columnBytes(column), 0))
      return columns
    })
  }

  /** Which row has which template. Undefined when the column is not stored so. */
  async templates({ name, type }: ColumnHeader): Promise<TemplateRows | undefined> {
    return await remember(this.#templates, `${type} ${name}`, async () => {
      const templates = await this.fragment.readTemplates(name, type)
      if (templates === undefined) return undefined
      const rows = templateRowsOf(templates)
      this.#grow(rows.bytes)
      return rows
    })
  }

  async judgedTemplates(header: ColumnHeader, predicate: TemplatePredicate): Promise<JudgedRows | undefined> {
    const templates = await this.templates(header)
    if (templates === undefined || !isStringType(header.type)) return undefined
    let known = this.#judged.get(templates)
    if (known === undefined) this.#judged.set(templates, (known = new Map()))
    let judged = known.get(predicate.key)
    if (judged === undefined) {
      judged = judgeTemplates(templates, header.type, predicate)
      known.set(predicate.key, judged)
      this.#grow(HEADER_BYTES + predicate.key.length * 2 + judged.sure.length * 2)
    }
    return judged
  }

  hasTemplateTexts({ name, type }: ColumnHeader): boolean {
    return this.#templateTexts.has(`${type} ${name}`)
  }

  /** What makes the texts of single rows of a column of templates. */
  async templateTexts({ name, type }: ColumnHeader): Promise<TemplateTexts | undefined> {
    return await remember(this.#templateTexts, `${type} ${name}`, async () => {
      const texts = await this.fragment.readTemplateTexts(name, type, async (header) => (await this.column(header))[0])
      this.#grow(texts?.bytes ?? 0)
      return texts
    })
  }

  /** The texts of some rows of a text column as it stands; kept nowhere. */
  async textRows({ name, type }: ColumnHeader, rows: Uint32Array): Promise<TextColumn | undefined> {
    return await this.fragment.readTextRows(name, type, rows)
  }

  async times(): Promise<TimeColumn> {
    this.#times ??= this.#readTimes()
    this.#times.catch(() => {
      this.#times = undefined
    })
    return await this.#times
  }

  async mightContain(kind: 'word' | 'value', name: string, text: string): Promise<boolean> {
    return await remember(this.#answers, `${kind} ${name} ${text}`, async () => {
      this.#grow(HEADER_BYTES + text.length * 2)
      return kind === 'word' ? await this.fragment.mightContainWord(name, text) : await this.fragment.mightContainValue(name, text)
    })
  }

  /** Entries of a dictionary and their rows, without its codes. */
  async dictionary({ name, type, encodedBytes }: ColumnHeader): Promise<Dictionary | undefined> {
    return await remember(this.#dictionaries, `${type} ${name}`, async () => {
      this.#grow(encodedBytes * 4)
      return await this.fragment.readDictionary(name, type)
    })
  }

  foldedOf(strings: Strings): Strings {
    return this.#derive(this.#folded, strings, foldStrings, (folded) => folded.bytes.length)
  }

  textsOf(strings: Strings): readonly string[] {
    return this.#derive(this.#texts, strings, textsOf, (texts) => texts.length * 32 + strings.bytes.length)
  }

  hashesOf(strings: Strings): Float64Array {
    return this.#derive(this.#hashes, strings, hashTexts, (hashes) => hashes.byteLength)
  }

  #derive<T>(known: Map<Strings, T>, strings: Strings, make: (strings: Strings) => T, bytesOf: (made: T) => number): T {
    const before = known.get(strings)
    if (before !== undefined) return before
    const made = make(strings)
    known.set(strings, made)
    this.#grow(bytesOf(made))
    return made
  }

  async #readTimes(): Promise<TimeColumn> {
    const offsets = await this.fragment.readTimeOffsets()
    this.#grow(offsets.byteLength)
    return { offsets, isSorted: offsets.every((offset, row) => row === 0 || offset >= (offsets[row - 1] ?? 0)) }
  }
}

export interface Dictionary {
  readonly entries: readonly string[]
  readonly counts: Uint32Array
}

/** About what one column's header, or one remembered answer, takes in memory. */
const HEADER_BYTES = 200

/** One load per key, however many ask; a failed one is forgotten, so that it is tried again. */
async function remember<T>(known: Map<string, Promise<T>>, key: string, load: () => Promise<T>): Promise<T> {
  let loading = known.get(key)
  if (loading === undefined) {
    loading = load()
    known.set(key, loading)
    loading.catch(() => known.delete(key))
  }
  return await loading
}

/** A Buffer is a Uint8Array of another hidden class: loops that see both run at half the speed. */
function withPlainArrays(column: Column): Column {
  switch (column.layout) {
    case 'dictionary':
      return column.codes instanceof Uint8Array ? { ...column, codes: plain(column.codes) } : column
    case 'text':
      return { ...column, present: column.present && plain(column.present), strings: { ...column.strings, bytes: plain(column.strings.bytes) } }
    case 'number':
      return { ...column, present: column.present && plain(column.present) }
    case 'literal':
      return { ...column, codes: plain(column.codes) }
  }
}

function isStringType(type: Column['type']): type is StringType {
  return type === 'string' || type === 'json' || type === 'numeral'
}

function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function columnBytes(column: Column): number {
  switch (column.layout) {
    case 'dictionary':
      return column.codes.byteLength + column.dictionary.bytes.length + column.dictionary.offsets.byteLength
    case 'text':
      return column.strings.bytes.length + column.strings.offsets.byteLength + (column.present?.length ?? 0)
    case 'number':
      return column.values.byteLength + (column.present?.length ?? 0)
    case 'literal':
      return column.codes.length
  }
}
