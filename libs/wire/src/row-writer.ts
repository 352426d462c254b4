import { hashOf, type NumberColumnBuilder, type StringColumnBuilder } from '@millrace/fragment/column-builder'
import type { RESERVED_COLUMNS } from '@millrace/fragment/event-columns'
import { escapedKey, VERBATIM_COLUMN } from '@millrace/fragment/event-columns'
import { LITERALS } from '@millrace/fragment/table'
import { TableBuilder } from '@millrace/fragment/table-builder'
import { MAX_PART_COLUMNS, TOO_MANY_COLUMNS } from './decoded-events.ts'
import { EventTime } from './event-time.ts'
import { exactNumber } from '@millrace/event/exact-number'
import { MAX_KEYS, MAX_NAME_BYTES, NAME_TOO_LONG, TOO_MANY_KEYS } from './event-scanner.ts'

export type ReservedName = (typeof RESERVED_COLUMNS)[number]

/** Where texts stand; the view is over exactly the bytes. */
export interface TextSource {
  readonly bytes: Uint8Array
  readonly view: DataView
}

/**
 * Writes events value by value into the open row of a table: for protocols whose events are not JSON objects. Attributes have the names and types that
 * the same values would have in JSON; of equal names the last wins. A decoder asks for an attribute's handle once and keeps it.
 */
export class RowWriter {
  readonly builder = new TableBuilder()
  readonly time = new EventTime()
  hasTime = false
  /** Why the open row is refused; empty while it is not. The first reason stays. */
  failure = ''
  #row = 0
  #values = 0
  #newNames = 0
  /** For attributes only: where values are taken down while {@link share} runs. */
  sharing: Map<Attribute, SharedValue> | undefined = undefined
  readonly #attributes = new Map<string, Attribute>()
  readonly #reserved = new Map<ReservedName, Attribute>()
  #verbatim: Attribute | undefined = undefined

  /** Begins the next row, or the same once more: the one before was ended or discarded. */
  begin(): void {
    this.#row++
    this.#values = 0
    this.#newNames = 0
    this.hasTime = false
    this.failure = ''
  }

  /** Whether it knows, or keeps, so much that a new one is better. */
  get isWorn(): boolean {
    return this.#attributes.size > MAX_KNOWN_ATTRIBUTES || this.builder.heldBytes > MAX_KEPT_BYTES || this.#row > MAX_ROW_NUMBER
  }

  /** The handle of a reserved attribute. */
  reserved(name: ReservedName): Attribute {
    const known = this.#reserved.get(name)
    if (known !== undefined) return known
    const attribute = new Attribute(this, name)
    this.#reserved.set(name, attribute)
    return attribute
  }

  /** Marks the row's message as one that stays as it was sent. */
  keepVerbatim(): void {
    this.#verbatim ??= new Attribute(this, VERBATIM_COLUMN)
    this.#verbatim.putLiteral(true)
  }

  /**
   * The handle of `@path`.
   *
   * @param path keys joined by dots, those inside a key escaped; see {@link attributePath}. @returns undefined, with a {@link failure}, when the name is too long, or new to a row that is refused
   *   or brought very many: such a row must not fill the memory with names.
   */
  attribute(path: string): Attribute | undefined {
    const known = this.#attributes.get(path)
    if (known !== undefined) return known
    if (++this.#newNames > MAX_NEW_NAMES) this.refuse(TOO_MANY_KEYS)
    if (this.failure !== '') return undefined
    const name = `@${path}`
    if (name.length > MAX_NAME_BYTES || Buffer.byteLength(name) > MAX_NAME_BYTES) {
      this.refuse(NAME_TOO_LONG)
      return undefined
    }
    const attribute = new Attribute(this, name)
    this.#attributes.set(path, attribute)
    return attribute
  }

  /**
   * Takes down the values that `put` puts into the open row, for {@link putShared} to put them into others.
   *
   * @returns undefined when they are not all known, because the part has too many columns for them.
   */
  share(put: () => void): SharedValues | undefined {
    const sharing = new Map<Attribute, SharedValue>()
    this.sharing = sharing
    try {
      put()
    } finally {
      this.sharing = undefined
    }
    if (this.failure === TOO_MANY_COLUMNS) return undefined
    const values = [...sharing.values()]
    return { values, failure: this.failure, work: values.reduce((sum, { source }) => sum + VALUE_WORK + (source?.bytes.length ?? 0), 0) }
  }

  /** Puts them as if they had been read again. */
  putShared({ values, failure }: SharedValues): void {
    if (failure !== '') {
      this.refuse(failure)
      return
    }
    for (const value of values) {
      if (this.failure !== '') return
      value.attribute.putShared(value)
    }
  }

  refuse(reason: string): void {
    if (this.failure === '') this.failure = reason
  }

  /** For attributes only: makes room for a value, the last one of its name. False when the row is refused. */
  admit(attribute: Attribute): boolean {
    if (this.failure !== '') return false
    if (attribute.row === this.#row) attribute.column?.erase()
    else if (++this.#values > MAX_KEYS) {
      this.refuse(TOO_MANY_KEYS)
      return false
    }
    // A known column of an earlier part counts again; whether it is in this one only its builder knows.
    if (this.builder.columnCount > MAX_PART_COLUMNS) {
      this.refuse(TOO_MANY_COLUMNS)
      return false
    }
    attribute.row = this.#row
    return true
  }

  /** For attributes only. */
  isIn(attribute: Attribute): boolean {
    return attribute.row === this.#row
  }
}

/** Values that rows share, the last one of each name. */
export interface SharedValues {
  readonly values: readonly SharedValue[]
  /** Why every row with them is refused; empty when it is not. */
  readonly failure: string
  /** What it costs to put them, in bytes of text. */
  readonly work: number
}

interface SharedValue {
  readonly attribute: Attribute
  readonly kind: 'string' | 'numeral' | 'json' | 'number' | 'literal'
  /** The bytes of the first three, and their hash. */
  readonly source: TextSource | undefined
  readonly hash: number
  /** The value of a number, the code of a literal. */
  readonly number: number
}

/** One name that rows may have a value for, and its columns, one for each type. */
export class Attribute {
  readonly name: string
  /** For the writer only: the row that has a value last, and where. */
  row = 0
  column: StringColumnBuilder | NumberColumnBuilder | undefined = undefined
  readonly #writer: RowWriter
  #strings: StringColumnBuilder | undefined = undefined
  #numbers: NumberColumnBuilder | undefined = undefined
  #numerals: StringColumnBuilder | undefined = undefined
  #literals: NumberColumnBuilder | undefined = undefined
  #jsons: StringColumnBuilder | undefined = undefined
  #lastText = ''
  #lastSource: TextSource | undefined = undefined

  constructor(writer: RowWriter, name: string) {
    this.#writer = writer
    this.name = name
  }

  /** Whether the open row has a value for it. */
  get isSet(): boolean {
    return this.#writer.isIn(this)
  }

  /** `bytes[start, end)`, which is valid UTF-8. */
  putString(source: TextSource, start: number, end: number): void {
    this.#takeDown('string', source, start, end)
    if (!this.#writer.admit(this)) return
    const column = this.#texts('string')
    this.column = column
    column.put(source.bytes, source.view, start, end)
  }

  putText(text: string): void {
    if (text.length > MAX_REMEMBERED_LENGTH) {
      const { source, end } = sourceOf(text)
      this.putString(source, 0, end)
      return
    }
    // Labels and statuses repeat from row to row.
    if (text !== this.#lastText || this.#lastSource === undefined) {
      this.#lastText = text
      this.#lastSource = ownSource(new TextEncoder().encode(text))
    }
    this.putString(this.#lastSource, 0, this.#lastSource.bytes.length)
  }

  /** Not NaN and not infinite: JSON has no such numbers. */
  putNumber(value: number): void {
    this.#writer.sharing?.set(this, { attribute: this, kind: 'number', source: undefined, hash: 0, number: value })
    if (!this.#writer.admit(this)) return
    const column = (this.#numbers ??= this.#writer.builder.numberColumn(this.name))
    this.column = column
    column.put(value)
  }

  /** A number as text, in JSON's grammar: as a double where that denotes the same number, else its text. */
  putNumeral(text: string): void {
    const value = exactNumber(text)
    if (value !== undefined) {
      this.putNumber(value)
      return
    }
    const { source, end } = sourceOf(text)
    this.#putNumeral(source, end)
  }

  putLiteral(value: boolean | null): void {
    this.#putLiteral(value === null ? LITERALS.null : value ? LITERALS.true : LITERALS.false)
  }

  /** The text of a JSON array or object. */
  putJson(text: string): void {
    const { source, end } = sourceOf(text)
    this.#putJson(source, end)
  }

  /** For the writer only. */
  putShared({ kind, source, hash, number }: SharedValue): void {
    if (kind === 'number') this.putNumber(number)
    else if (kind === 'literal') this.#putLiteral(number)
    else if (source !== undefined && this.#writer.admit(this)) {
      const column = this.#texts(kind)
      this.column = column
      column.putHashed(source.bytes, source.view, 0, source.bytes.length, hash)
    }
  }

  #texts(kind: 'string' | 'numeral' | 'json'): StringColumnBuilder {
    const { builder } = this.#writer
    if (kind === 'string') return (this.#strings ??= builder.stringColumn(this.name, kind))
    return kind === 'json' ? (this.#jsons ??= builder.stringColumn(this.name, kind)) : (this.#numerals ??= builder.stringColumn(this.name, kind))
  }

  #putNumeral(source: TextSource, end: number): void {
    this.#takeDown('numeral', source, 0, end)
    if (!this.#writer.admit(this)) return
    const column = this.#texts('numeral')
    this.column = column
    column.put(source.bytes, source.view, 0, end)
  }

  #putLiteral(code: number): void {
    this.#writer.sharing?.set(this, { attribute: this, kind: 'literal', source: undefined, hash: 0, number: code })
    if (!this.#writer.admit(this)) return
    const column = (this.#literals ??= this.#writer.builder.literalColumn(this.name))
    this.column = column
    column.put(code)
  }

  #putJson(source: TextSource, end: number): void {
    this.#takeDown('json', source, 0, end)
    if (!this.#writer.admit(this)) return
    const column = this.#texts('json')
    this.column = column
    column.put(source.bytes, source.view, 0, end)
  }

  #takeDown(kind: 'string' | 'numeral' | 'json', { bytes }: TextSource, start: number, end: number): void {
    if (this.#writer.sharing === undefined) return
    const source = ownSource(Uint8Array.from(bytes.subarray(start, end)))
    this.#writer.sharing.set(this, { attribute: this, kind, source, hash: hashOf(source.bytes, source.view, 0, end - start), number: 0 })
  }
}

/** What scanners of protocols that are not JSON have in common: the rows that they write, as `RequestParts` sees them. */
export abstract class WrittenRows {
  protected readonly rows = new RowWriter()
  readonly builder = this.rows.builder
  readonly time = this.rows.time

  get hasTime(): boolean {
    return this.rows.hasTime
  }

  get failure(): string {
    return this.rows.failure
  }

  #block: object | undefined = undefined
  #blockBytes = 0
  #blockRows = 0
  #shared: SharedValues | undefined = undefined

  /** What of the row scanned last was put from what it shares with others, in bytes. */
  get repeatedBytes(): number {
    return this.#shared?.work ?? this.#blockBytes
  }

  /**
   * Puts what the rows of a block share. It is read for the first few of them, and put again for the others.
   *
   * @param block the same object for each row of it. @param bytes as received. @param put reads it into the open row.
   */
  protected putBlock(block: object, bytes: number, put: () => void): void {
    if (block !== this.#block) {
      this.#block = block
      this.#blockBytes = bytes
      this.#blockRows = 0
      this.#shared = undefined
    }
    this.#blockRows++
    if (this.#shared !== undefined) this.rows.putShared(this.#shared)
    else if (this.#blockRows < SHARED_FROM_ROW) put()
    else this.#shared = this.rows.share(put)
  }

  /** Lets go of the request's last block. */
  protected forgetBlock(): void {
    this.#block = undefined
    this.#blockBytes = 0
    this.#shared = undefined
  }

  get isWorn(): boolean {
    return this.rows.isWorn
  }

  /** A time that the protocol gives in nanoseconds, since 1970. */
  protected putTime(ns: bigint, isPrecise = true): void {
    this.time.setNs(ns)
    this.time.isPrecise = isPrecise
    this.rows.hasTime = true
  }
}

/** What {@link RowWriter.attribute} takes, for keys from the outside to the inside. */
export function attributePath(keys: readonly string[]): string {
  return keys.map(escapedKey).join('.')
}

function ownSource(bytes: Uint8Array): TextSource {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) }
}

/** The text's bytes until the next call. */
function sourceOf(text: string): { readonly source: TextSource; readonly end: number } {
  const most = text.length * 3
  if (most > scratch.bytes.length) scratch = scratchOf(Math.max(most, 2 * scratch.bytes.length))
  return { source: scratch, end: scratch.bytes.write(text, 0, 'utf8') }
}

function scratchOf(size: number): { readonly bytes: Buffer; readonly view: DataView } {
  const bytes = Buffer.allocUnsafeSlow(size)
  return { bytes, view: new DataView(bytes.buffer) }
}

/** Of a text that may be put again, in characters. */
const MAX_REMEMBERED_LENGTH = 64
const FIRST_SCRATCH_BYTES = 4096
let scratch = scratchOf(FIRST_SCRATCH_BYTES)

/** Taking values down costs more than reading them: blocks of few rows are read for each. */
const SHARED_FROM_ROW = 8
/** Putting a short value costs as much as some dozen bytes of a long one. */
const VALUE_WORK = 64
/** Of one row: those of its values, and of maps around them. */
const MAX_NEW_NAMES = 2 * MAX_KEYS
/** A tenant has some hundred names. */
const MAX_KNOWN_ATTRIBUTES = 16_384
/** Buffers of columns that are kept for the next request. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024
/** Stays a small integer. */
const MAX_ROW_NUMBER = 1_000_000_000
