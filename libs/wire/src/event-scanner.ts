// Loops over bytes: a position up to the window's end is in range, which the compiler cannot see.
import { escapedKey } from '@millrace/fragment/event-columns'
import type { NumberColumnBuilder, StringColumnBuilder } from '@millrace/fragment/column-builder'
import { TableBuilder } from '@millrace/fragment/table-builder'
import { LITERALS } from '@millrace/fragment/table'
import { MAX_PART_COLUMNS, TOO_MANY_COLUMNS } from './decoded-events.ts'
import { EventTime } from './event-time.ts'
import { exactNumber } from '@millrace/event/exact-number'
import {
  CLOSE_ARRAY, CLOSE_OBJECT, COMMA, DOT, isDigit, JsonReader, LETTER_E, MINUS, NEWLINE, NULL_WORD, OPEN_ARRAY, OPEN_OBJECT, QUOTE, SPACE, TOO_DEEP, TRUE_WORD, ZERO,
} from './json-reader.ts'
import { isNext, PathNode, successorOf, type Successor } from './path-tree.ts'
import type { RowScanner } from './request-parts.ts'
import { RESERVED_NAMES, type Reserved, type ReservedDefault } from './reserved-attributes.ts'

/**
 * Scans events straight from JSON bytes into columns. It remembers the exact bytes that stood between one value and the next: most events have
 * the keys of the event before in the same order, so a comparison takes the place of reading keys. Where it fails, the general scan reads
 * the keys and is remembered in turn.
 */
export class EventScanner implements RowScanner<EventScanner> {
  readonly reader: JsonReader
  readonly builder = new TableBuilder()
  /** The time of the event scanned last, where {@link hasTime}. */
  readonly time = new EventTime()
  hasTime = false
  /** What rows get that lack it. Tags are added to those that a row has. Of one request: set before its first scan. */
  defaults: readonly ReservedDefault[] = []
  /** Longer messages are cut at a character. Of one request, as the defaults. */
  maxMessageBytes = Infinity
  readonly #reserved = new Map<keyof typeof RESERVED_NAMES, Reserved>()
  #event = 0
  #nodes = 0
  readonly #root: PathNode
  /** Whose values the event has, in order; repeated where a name is. */
  readonly #values: PathNode[] = []
  #valueCount = 0
  readonly #contested: Reserved[] = []
  /** Where the value begins that {@link #members} found. */
  #valueStart = 0

  get failure(): string {
    return this.reader.failure
  }

  replaced(): EventScanner {
    const scanner = new EventScanner(this.reader)
    scanner.defaults = this.defaults
    scanner.maxMessageBytes = this.maxMessageBytes
    return scanner
  }

  constructor(reader = new JsonReader()) {
    this.reader = reader
    this.#root = new PathNode(undefined, '@')
    this.#root.children = new Map()
    for (const kind of Object.keys(RESERVED_NAMES) as (keyof typeof RESERVED_NAMES)[]) this.#reserve(kind)
  }

  /** Whether it has learned, or keeps, so much that a new scanner is better. */
  get isWorn(): boolean {
    return this.#nodes > MAX_KNOWN_PATHS || this.builder.heldBytes > MAX_KEPT_BYTES || this.#event > MAX_EVENT_NUMBER
  }

  /**
   * Scans the object that begins at `start` of the reader's window into the builder's open row, which the caller ends or discards.
   *
   * @returns the position behind the object; -1 when it is refused: see the reader's `failure`.
   */
  scan(start: number): number {
    this.begin()
    const end = this.addObject(start)
    if (end >= 0) this.finish()
    return end
  }

  /** Begins a row that is made of several objects and values: {@link finish} ends it. */
  begin(): void {
    this.#event++
    this.#valueCount = 0
    if (this.#contested.length > 0) this.#contested.length = 0
    this.hasTime = false
  }

  /** Adds the members of the object at `start`; of equal names the last wins. Answers as {@link scan}. */
  addObject(start: number): number {
    const { bytes, view } = this.reader
    let node = this.#root
    let at = start
    for (;;) {
      const successor = predict(node, view, at) ?? this.#learn(node, at)
      if (successor === undefined) return -1
      at += successor.length
      if (successor.opened.length > 0) for (const object of successor.opened) this.#stamp(object)
      if (successor.target === undefined) return at
      node = successor.target
      if (bytes[at]! <= SPACE) at = this.reader.blank(at)
      if (bytes[at] === OPEN_OBJECT) {
        const inside = this.reader.blank(at + 1)
        if (bytes[inside] !== CLOSE_OBJECT) {
          const leaf = this.#descend(node, inside)
          if (leaf === undefined) return -1
          node = leaf
          at = this.#valueStart
        }
      }
      at = node.reserved === undefined ? this.#attribute(node, at) : this.#reservedValue(node, node.reserved, at)
      if (at < 0) return -1
    }
  }

  /** Adds the scalar at `start` as a reserved attribute. It goes before any that the row's objects have, which become attributes; null counts for nothing. */
  addReserved(kind: keyof typeof RESERVED_NAMES, start: number): number {
    const reserved = this.#reserved.get(kind)!
    if (this.reader.view.getInt32(start, true) !== NULL_WORD) {
      reserved.givenEvent = this.#event
      reserved.givenStart = start
      this.#contest(reserved)
    }
    return this.reader.skipScalar(start)
  }

  /** Adds a value that is no object with members as the attribute `@key`. Answers as {@link scan}. */
  addValue(key: string, start: number): number {
    if (this.reader.bytes[start] === OPEN_OBJECT) return this.reader.skipValue(start, MAX_DEPTH)
    const known = this.#root.children?.get(key) ?? this.#add(this.#root, key, new PathNode(this.#root, `@${escapedKey(key)}`))
    return this.#attribute(known, start)
  }

  /** Settles which names the reserved attributes are taken from, and gives the row the {@link defaults} that it lacks. */
  finish(): void {
    if (this.#contested.length > 0) for (const reserved of this.#contested) this.#decide(reserved)
    if (this.defaults.length > 0) for (const each of this.defaults) this.#fill(each)
  }

  #fill({ name, bytes, view }: ReservedDefault): void {
    const reserved = this.#reserved.get(name)!
    if (reserved.event !== this.#event) reserved.column?.put(bytes, view, 0, bytes.length)
    else if (name === 'tags') this.#appendTags(reserved, bytes)
  }

  /** Adds tags to those that the row has. */
  #appendTags(reserved: Reserved, added: Uint8Array): void {
    const { reader } = this
    const winner = reserved.nodes.find((node) => node.event === this.#event && node.isCandidate)
    if (winner === undefined || reserved.column === undefined) return
    const start = winner.valueStart
    reserved.column.erase()
    if (reader.bytes[start] === OPEN_ARRAY) {
      this.#putTags(reserved, start)
      reserved.column.erase()
    } else if (reader.bytes[start] === QUOTE) {
      const end = reader.stringEnd(start + 1)
      if (reader.hasEscape) reader.unescape(start + 1, end)
      else {
        reader.scratchEnd = 0
        reader.appendScratch(reader.bytes, start + 1, end)
      }
    } else {
      reader.scratchEnd = 0
      reader.appendScratch(reader.bytes, start, reader.skipScalar(start))
    }
    if (reader.scratchEnd > 0) reader.appendScratch(TAG_SEPARATOR, 0, 1)
    reader.appendScratch(added, 0, added.length)
    reserved.column.put(reader.scratch, reader.scratchView, 0, reader.scratchEnd)
  }

  /** Reads what stands between `node`'s value and the next one, and remembers it. */
  #learn(node: PathNode, start: number): Successor | undefined {
    const { bytes, view } = this.reader
    const opened: PathNode[] = []
    let target: PathNode | undefined
    let end: number
    if (node === this.#root) {
      if (bytes[start] !== OPEN_OBJECT) return this.#refuse(NOT_AN_OBJECT, start)
      end = this.reader.blank(start + 1)
      if (bytes[end] === CLOSE_OBJECT) end++
      else {
        target = this.#members(node, end, opened)
        if (target === undefined) return undefined
        end = this.#valueStart
      }
    } else {
      end = start
      for (let object = node.parent; object !== undefined; object = object.parent) {
        end = this.reader.blank(end)
        if (bytes[end] === COMMA) {
          target = this.#members(object, this.reader.blank(end + 1), opened)
          if (target === undefined) return undefined
          end = this.#valueStart
          break
        }
        if (bytes[end] !== CLOSE_OBJECT) {
          this.reader.unexpected(end)
          return undefined
        }
        end++
      }
    }
    const successor = successorOf(view, start, end, opened, target)
    // Lines are read without newlines between their values, so one that was learned elsewhere must not match there.
    if (successor.length <= MAX_LEARNED_BYTES && !(this.reader.hasNewlines && bytes.subarray(start, end).includes(NEWLINE))) node.learn(successor)
    return successor
  }

  /** Reads keys from `start` inside `object` down to the first value that is not an object with members. Adds the objects on the way to `opened`. */
  #members(object: PathNode, start: number, opened: PathNode[]): PathNode | undefined {
    const { reader } = this
    const { bytes } = reader
    let parent = object
    let at = start
    for (;;) {
      if (parent.depth >= MAX_DEPTH) return this.#refuse(TOO_DEEP, at)
      if (bytes[at] !== QUOTE) {
        reader.unexpected(at)
        return undefined
      }
      const end = reader.stringEnd(at + 1)
      if (end < 0) return undefined
      const node = this.#child(parent, at + 1, end)
      if (node === undefined) return undefined
      at = reader.colon(end + 1)
      if (at < 0) return undefined
      const inside = bytes[at] === OPEN_OBJECT ? reader.blank(at + 1) : 0
      if (inside === 0 || bytes[inside] === CLOSE_OBJECT) {
        this.#valueStart = at
        return node
      }
      opened.push(node)
      parent = node
      at = inside
    }
  }

  /** As {@link #members}, below a path that had another value before. */
  #descend(object: PathNode, start: number): PathNode | undefined {
    const opened = [object]
    const leaf = this.#members(object, start, opened)
    if (leaf === undefined) return undefined
    for (const node of opened) this.#stamp(node)
    return leaf
  }

  #child(parent: PathNode, start: number, end: number): PathNode | undefined {
    const { reader } = this
    if (end - start > MAX_NAME_BYTES * LONGEST_ESCAPE) return this.#refuse(NAME_TOO_LONG, start)
    let key: string
    if (reader.hasEscape) {
      reader.unescape(start, end)
      key = Buffer.from(reader.scratch.buffer, 0, reader.scratchEnd).toString('utf8')
    } else key = Buffer.from(reader.bytes.buffer, start, end - start).toString('utf8')
    const known = parent.children?.get(key)
    if (known !== undefined) return known
    const name = parent === this.#root ? `@${escapedKey(key)}` : `${parent.name}.${escapedKey(key)}`
    if (Buffer.byteLength(name) > MAX_NAME_BYTES) return this.#refuse(NAME_TOO_LONG, start)
    // Whatever stands there would need a column more.
    if (this.builder.columnCount >= MAX_PART_COLUMNS) return this.#refuse(TOO_MANY_COLUMNS, start)
    return this.#add(parent, key, new PathNode(parent, name))
  }

  #add(parent: PathNode, key: string, node: PathNode): PathNode {
    parent.children ??= new Map()
    parent.children.set(key, node)
    this.#nodes++
    return node
  }

  #reserve(kind: keyof typeof RESERVED_NAMES): void {
    const nodes: PathNode[] = []
    const column = kind === 'time' ? undefined : this.builder.stringColumn(kind, 'string')
    const reserved: Reserved = { kind, column, nodes, event: 0, contestedEvent: 0, givenEvent: 0, givenStart: 0 }
    this.#reserved.set(kind, reserved)
    for (const name of RESERVED_NAMES[kind]) nodes.push(this.#add(this.#root, name, new PathNode(this.#root, `@${name}`, reserved)))
  }

  /** The path now has what comes next; what this event had there before is taken back, so that the last of equal keys wins. */
  #stamp(node: PathNode): void {
    if (node.event === this.#event) this.#retract(node)
    node.event = this.#event
    node.firstValue = this.#valueCount
    node.column = undefined
    node.isCandidate = false
  }

  #retract(node: PathNode): void {
    if (node.reserved !== undefined) this.#contest(node.reserved)
    node.column?.erase()
    if (node.children === undefined) return
    for (let i = node.firstValue; i < this.#valueCount; i++) {
      const value = this.#values[i]!
      if (value.column === undefined || !value.isBelow(node)) continue
      value.column.erase()
      value.column = undefined
    }
  }

  #attribute(node: PathNode, start: number): number {
    if (this.#valueCount === MAX_KEYS) return this.reader.fail(TOO_MANY_KEYS, start)
    this.#stamp(node)
    this.#values[this.#valueCount++] = node
    return this.#putAttribute(node, start)
  }

  #putAttribute(node: PathNode, start: number): number {
    const { reader } = this
    const { bytes } = reader
    const byte = bytes[start]!
    if (byte === QUOTE) {
      const column = (node.strings ??= this.builder.stringColumn(node.name, 'string'))
      node.column = column
      return this.#putString(column, start)
    }
    if (isDigit(byte) || byte === MINUS) return this.#putNumber(node, start)
    if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      const end = reader.skipValue(start, MAX_DEPTH - node.depth)
      if (end >= 0) this.#putJson(node, start, end)
      return end
    }
    const end = reader.skipLiteral(start)
    if (end < 0) return end
    const column = (node.literals ??= this.builder.literalColumn(node.name))
    node.column = column
    const word = reader.view.getInt32(start, true)
    column.put(word === NULL_WORD ? LITERALS.null : word === TRUE_WORD ? LITERALS.true : LITERALS.false)
    return end
  }

  #putJson(node: PathNode, start: number, end: number): void {
    const column = (node.jsons ??= this.builder.stringColumn(node.name, 'json'))
    node.column = column
    column.put(this.reader.bytes, this.reader.view, start, end)
  }

  #putString(column: StringColumnBuilder, start: number): number {
    const { reader } = this
    // Only strings that stood in JSON as they are were put so that they repeat, and these hold nothing that needs a look.
    const length = column.repeats(reader.view, start + 1, reader.end)
    if (length >= 0 && reader.bytes[start + 1 + length] === QUOTE) {
      column.putAgain()
      return start + length + 2
    }
    const end = reader.stringEnd(start + 1)
    if (end < 0) return end
    if (reader.hasEscape) {
      reader.unescape(start + 1, end)
      column.put(reader.scratch, reader.scratchView, 0, this.#cut(column, reader.scratch, 0, reader.scratchEnd))
    } else if (end - start > this.maxMessageBytes) column.put(reader.bytes, reader.view, start + 1, this.#cut(column, reader.bytes, start + 1, end))
    else column.putHashed(reader.bytes, reader.view, start + 1, end, reader.hash)
    return end + 1
  }

  /** Where a text of a column ends that may be too long. */
  #cut(column: StringColumnBuilder, bytes: Uint8Array, start: number, end: number): number {
    if (end - start <= this.maxMessageBytes || column !== this.#reserved.get('message')?.column) return end
    let at = start + this.maxMessageBytes
    while (at > start && (bytes[at]! & 0xc0) === 0x80) at--
    return at
  }

  /** A double where it denotes the same number, else the source text. */
  #putNumber(node: PathNode, start: number): number {
    const { bytes } = this.reader
    const isNegative = bytes[start] === MINUS
    const first = isNegative ? start + 1 : start
    let at = first
    let digits = 0
    while (isDigit(bytes[at]!)) digits = digits * 10 + bytes[at++]! - ZERO
    const whole = at - first
    let decimals = 0
    if (bytes[at] === DOT) {
      const dot = at++
      while (isDigit(bytes[at]!)) digits = digits * 10 + bytes[at++]! - ZERO
      decimals = at - dot - 1
      if (decimals === 0) return this.reader.unexpected(at)
    }
    if (whole === 0 || (whole > 1 && bytes[first] === ZERO)) return this.reader.unexpected(at)
    // Up to 15 digits every decimal is the shortest text of its double, and one division rounds correctly; whole numbers are exact up to 2^53.
    const isExact = whole + decimals <= 15 || (decimals === 0 && whole === 16 && digits <= Number.MAX_SAFE_INTEGER)
    if (!isExact || (bytes[at]! | 0x20) === LETTER_E) return this.#putLongNumber(node, start)
    const value = decimals === 0 ? digits : digits / POWERS_OF_TEN[decimals]!
    this.#numbersOf(node).put(isNegative ? -value : value)
    return at
  }

  #putLongNumber(node: PathNode, start: number): number {
    const { reader } = this
    const end = reader.skipNumber(start)
    if (end < 0) return end
    const value = exactNumber(Buffer.from(reader.bytes.buffer, start, end - start).toString('latin1'))
    if (value !== undefined) {
      this.#numbersOf(node).put(value)
      return end
    }
    const column = (node.numerals ??= this.builder.stringColumn(node.name, 'numeral'))
    node.column = column
    column.put(reader.bytes, reader.view, start, end)
    return end
  }

  #numbersOf(node: PathNode): NumberColumnBuilder {
    const column = (node.numbers ??= this.builder.numberColumn(node.name))
    node.column = column
    return column
  }

  /** A value under a reserved name: the attribute's own if it is the only one that can be, else settled when the event ends. */
  #reservedValue(node: PathNode, reserved: Reserved, start: number): number {
    if (this.#valueCount === MAX_KEYS) return this.reader.fail(TOO_MANY_KEYS, start)
    this.#stamp(node)
    this.#values[this.#valueCount++] = node
    if (reserved.column !== undefined && reserved.event !== this.#event && this.reader.bytes[start] === QUOTE) {
      node.isCandidate = true
      node.valueStart = start
      reserved.event = this.#event
      return this.#putString(reserved.column, start)
    }
    if (!this.#isCandidate(reserved, start)) return this.#putAttribute(node, start)
    node.isCandidate = true
    node.valueStart = start
    if (reserved.event === this.#event) {
      this.#contest(reserved)
      return this.reader.skipValue(start, MAX_DEPTH - node.depth)
    }
    reserved.event = this.#event
    const end = this.#putReserved(reserved, start)
    if (end !== UNREADABLE) return end
    // Another of its names may yet have a usable value.
    reserved.event = 0
    node.isCandidate = false
    return this.#putAttribute(node, start)
  }

  /** Scalars but null; for tags also an array, which may yet turn out to hold something else. */
  #isCandidate(reserved: Reserved, start: number): boolean {
    const { bytes, view } = this.reader
    const byte = bytes[start]
    if (byte === OPEN_ARRAY) return reserved.kind === 'tags'
    return byte !== OPEN_OBJECT && view.getInt32(start, true) !== NULL_WORD
  }

  /** Answers {@link UNREADABLE} for what cannot stand there, though it is valid. */
  #putReserved(reserved: Reserved, start: number): number {
    const { reader } = this
    const { bytes } = reader
    if (bytes[start] === OPEN_ARRAY) return this.#putTags(reserved, start)
    const isString = bytes[start] === QUOTE
    if (isString && reserved.column !== undefined) return this.#putString(reserved.column, start)
    const end = reader.skipScalar(start)
    if (end < 0) return end
    if (reserved.column !== undefined) {
      reserved.column.put(bytes, reader.view, start, end)
      return end
    }
    if (isString && reader.hasEscape) reader.unescape(start + 1, end - 1)
    const isRead = !isString
      ? this.time.read(bytes, reader.view, start, end)
      : reader.hasEscape
        ? this.time.read(reader.scratch, reader.scratchView, 0, reader.scratchEnd)
        : this.time.read(bytes, reader.view, start + 1, end - 1)
    if (!isRead) return UNREADABLE
    this.hasTime = true
    return end
  }

  /** An array of strings becomes one string, joined by commas. */
  #putTags(reserved: Reserved, start: number): number {
    const { reader } = this
    const { bytes } = reader
    const end = reader.skipValue(start, MAX_DEPTH - 1)
    if (end < 0) return end
    const joined: Uint8Array[] = []
    let at = reader.blank(start + 1)
    while (bytes[at] === QUOTE) {
      const close = reader.stringEnd(at + 1)
      if (reader.hasEscape) {
        reader.unescape(at + 1, close)
        joined.push(reader.scratch.slice(0, reader.scratchEnd))
      } else joined.push(bytes.subarray(at + 1, close))
      at = reader.blank(close + 1)
      if (bytes[at] === COMMA) at = reader.blank(at + 1)
    }
    if (bytes[at] !== CLOSE_ARRAY || joined.length === 0) return UNREADABLE
    reader.scratchEnd = 0
    for (const [index, tag] of joined.entries()) {
      if (index > 0) reader.appendScratch(TAG_SEPARATOR, 0, 1)
      reader.appendScratch(tag, 0, tag.length)
    }
    reserved.column?.put(reader.scratch, reader.scratchView, 0, reader.scratchEnd)
    return end
  }

  #contest(reserved: Reserved): void {
    if (reserved.contestedEvent === this.#event) return
    reserved.contestedEvent = this.#event
    this.#contested.push(reserved)
  }

  /** Gives the reserved attribute to the first of its names that has a usable value; the others are attributes. All of them are valid JSON. */
  #decide(reserved: Reserved): void {
    reserved.column?.erase()
    if (reserved.kind === 'time') this.hasTime = false
    let isTaken = reserved.givenEvent === this.#event && this.#putReserved(reserved, reserved.givenStart) !== UNREADABLE
    for (const node of reserved.nodes) {
      if (node.event !== this.#event || !node.isCandidate) continue
      if (!isTaken && this.#putReserved(reserved, node.valueStart) !== UNREADABLE) isTaken = true
      else this.#putAttribute(node, node.valueStart)
    }
    reserved.event = isTaken ? this.#event : 0
  }

  #refuse(reason: string, at: number): undefined {
    this.reader.fail(reason, at)
    return undefined
  }
}

export const NOT_AN_OBJECT = 'an event must be a JSON object'

/** Objects and arrays inside each other, the event included. Real events have fewer than ten; each level lengthens every name below it. */
export const MAX_DEPTH = 32
/** Values of one event. Elasticsearch allows as many fields in a whole index. */
export const MAX_KEYS = 1000
/** An attribute's name with all its keys: names are stored once per fragment, and a short event could repeat a long one for each value. */
export const MAX_NAME_BYTES = 1024
/** `\u0041` stands for one byte. */
const LONGEST_ESCAPE = 6
export const TOO_MANY_KEYS = `more than ${MAX_KEYS} attributes`
export const NAME_TOO_LONG = `an attribute's name of more than ${MAX_NAME_BYTES} bytes`

/** Longer runs between two values are rare and cost little beside what they hold. */
const MAX_LEARNED_BYTES = 512
/** About 8 MB of nodes. A tenant has some hundred paths. */
const MAX_KNOWN_PATHS = 16_384
/** Buffers of columns that are kept for the next request. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024
/** Stays a small integer. */
const MAX_EVENT_NUMBER = 1_000_000_000
const UNREADABLE = -2
const TAG_SEPARATOR = Buffer.from(',')
const POWERS_OF_TEN = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent)

/** The successor of `node` whose bytes stand at `at`. */
function predict(node: PathNode, view: DataView, at: number): Successor | undefined {
  if (node.first === undefined) return undefined
  if (isNext(node.first, view, at)) return node.first
  if (node.second === undefined) return undefined
  if (isNext(node.second, view, at)) return node.second
  if (node.third === undefined) return undefined
  if (isNext(node.third, view, at)) return node.third
  return node.fourth !== undefined && isNext(node.fourth, view, at) ? node.fourth : undefined
}
