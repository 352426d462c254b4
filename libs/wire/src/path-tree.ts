import type { NumberColumnBuilder, StringColumnBuilder } from '@millrace/fragment/column-builder'
import type { Reserved } from './reserved-attributes.ts'

/**
 * One path that some event had, from the event's top: its key, and the columns of its values, one for each type. Nodes outlive events and bodies;
 * what belongs to one event only is stamped with that event's number.
 */
export class PathNode {
  readonly parent: PathNode | undefined
  /** The attribute's column name. */
  readonly name: string
  /** 1 at the top of an event. */
  readonly depth: number
  readonly reserved: Reserved | undefined
  children: Map<string, PathNode> | undefined = undefined

  strings: StringColumnBuilder | undefined = undefined
  numbers: NumberColumnBuilder | undefined = undefined
  numerals: StringColumnBuilder | undefined = undefined
  literals: NumberColumnBuilder | undefined = undefined
  jsons: StringColumnBuilder | undefined = undefined

  /** The event that has the path last, and what it has there. */
  event = 0
  column: StringColumnBuilder | NumberColumnBuilder | undefined = undefined
  /** Where its values begin in the event's list of values. */
  firstValue = 0
  /** Of a reserved name: it has a scalar, which stands at `valueStart`. */
  isCandidate = false
  valueStart = 0

  /** What came behind its value before, the most usual first. */
  first: Successor | undefined = undefined
  second: Successor | undefined = undefined
  third: Successor | undefined = undefined
  fourth: Successor | undefined = undefined
  #replaced = 0

  constructor(parent: PathNode | undefined, name: string, reserved?: Reserved) {
    this.parent = parent
    this.name = name
    this.depth = parent === undefined ? 0 : parent.depth + 1
    this.reserved = reserved
  }

  learn(successor: Successor): void {
    if (this.first === undefined) this.first = successor
    else if (this.second === undefined) this.second = successor
    else if (this.third === undefined) this.third = successor
    else if (this.fourth === undefined) this.fourth = successor
    else {
      // The first stays: it was there before all the rare ones.
      const turn = this.#replaced++ % 3
      if (turn === 0) this.second = successor
      else if (turn === 1) this.third = successor
      else this.fourth = successor
    }
  }

  isBelow(object: PathNode): boolean {
    let node: PathNode | undefined = this.parent
    while (node !== undefined && node.depth > object.depth) node = node.parent
    return node === object
  }
}

/** The exact bytes between the end of one value and the start of the next, such as `},"http":{"method":`, and what they mean. */
export interface Successor {
  /** Whole words, little-endian, then the remaining 0 to 3 bytes under a mask. */
  readonly words: Int32Array
  readonly rest: number
  readonly mask: number
  readonly length: number
  /** Objects that begin between the two values, outermost first. */
  readonly opened: readonly PathNode[]
  /** Whose value comes next; undefined when the event ends. */
  readonly target: PathNode | undefined
}

/** Describes `bytes[start, end)`, which four bytes must follow. */
export function successorOf(view: DataView, start: number, end: number, opened: readonly PathNode[], target: PathNode | undefined): Successor {
  const length = end - start
  const words = new Int32Array(length >> 2)
  for (let i = 0; i < words.length; i++) words[i] = view.getInt32(start + 4 * i, true)
  const mask = (1 << ((length & 3) << 3)) - 1
  return { words, rest: view.getInt32(start + 4 * words.length, true) & mask, mask, length, opened, target }
}

/** Whether the bytes at `at` are the successor's. */
export function isNext(successor: Successor, view: DataView, at: number): boolean {
  const { words } = successor
  let position = at
  for (let i = 0; i < words.length; i++) {
    if (view.getInt32(position, true) !== words[i]) return false
    position += 4
  }
  return (view.getInt32(position, true) & successor.mask) === successor.rest
}
