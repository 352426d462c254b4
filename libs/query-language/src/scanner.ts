import type { ExactPattern, RegexPattern, WildcardPattern, WildcardPiece } from './ast.ts'
import { QuerySyntaxError } from './query-syntax-error.ts'

/** Reads the small pieces of a search from left to right: quoted and bare texts, names, numbers. */
export class Scanner {
  readonly #text: string
  #position = 0

  constructor(text: string) {
    this.#text = text
  }

  /** 1-based column of the next character. */
  get column(): number {
    return this.#position + 1
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#text.length
  }

  /** The next character; empty at the end. */
  get next(): string {
    return this.#text.charAt(this.#position)
  }

  skipSpaces(): void {
    while (!this.isAtEnd && isSpace(this.next)) this.#position++
  }

  /** Steps over `text` if it comes next. */
  take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#position)) return false
    this.#position += text.length
    return true
  }

  /** Steps over an operator such as `AND` if it comes next as a word of its own. */
  takeWord(word: string): boolean {
    if (!this.isAtWord(word)) return false
    this.#position += word.length
    return true
  }

  isAtWord(word: string): boolean {
    return this.#text.startsWith(word, this.#position) && endsBare(this.#text.charAt(this.#position + word.length))
  }

  /** `"a \"quoted\" text"`, with `\"` and `\\` for a quote and a backslash; another backslash stands for itself. */
  readQuoted(): ExactPattern {
    const start = this.column
    this.#position++
    let text = ''
    while (!this.take('"')) {
      if (this.isAtEnd) throw new QuerySyntaxError('the quote is never closed', start)
      if (this.next === '\\' && /^["\\]/.test(this.#text.slice(this.#position + 1, this.#position + 2))) this.#position++
      text += this.#step()
    }
    return { kind: 'exact', text, isQuoted: true }
  }

  /** `"^a\d+"`: a regular expression as it is, but for `\"`, which is a quote. */
  readRegex(): RegexPattern {
    const start = this.column
    if (!this.take('"')) throw new QuerySyntaxError('a regular expression stands in quotes: ~"…"', start)
    let source = ''
    while (!this.take('"')) {
      if (this.isAtEnd) throw new QuerySyntaxError('the quote is never closed', start)
      const character = this.#step()
      if (character !== '\\' || this.isAtEnd) source += character
      else source += this.next === '"' ? this.#step() : character + this.#step()
    }
    if (source === '') throw new QuerySyntaxError('the regular expression is empty', start)
    return { kind: 'regex', source }
  }

  /** Text up to a space, quote or parenthesis, with escapes and wildcards. */
  readBare(): ExactPattern | WildcardPattern {
    const start = this.column
    const pieces: WildcardPiece[] = []
    let literal = ''
    const push = (piece: WildcardPiece): void => {
      if (literal !== '') pieces.push({ literal })
      literal = ''
      if (piece !== 'any' || pieces.at(-1) !== 'any') pieces.push(piece)
    }
    while (!endsBare(this.next)) {
      const character = this.#step()
      if (character === '*') push('any')
      else if (character === '?') push('one')
      else if (character === '\\') literal += this.#escaped()
      else literal += character
    }
    if (pieces.length === 0) {
      if (literal === '') throw new QuerySyntaxError(this.#unexpected(), start)
      return { kind: 'exact', text: literal, isQuoted: false }
    }
    if (literal !== '') pieces.push({ literal })
    return { kind: 'wildcard', pieces }
  }

  /** A facet's name, its colon stepped over; or undefined, standing where it stood, when no colon ends the next bare text. */
  tryFacetName(): string | undefined {
    if (!/^(?:\\[^]|[^\s()":\\])+:/.test(this.#text.slice(this.#position))) return undefined
    const name = this.readFacetName(':')
    this.#position++
    return name
  }

  /**
   * A name up to a space, quote or parenthesis, or to `stop`. In an attribute's name `\.` and `\\` belong to the name and stay;
   * elsewhere a backslash only takes the meaning from the character after it.
   */
  readFacetName(stop = ''): string {
    const isAttribute = this.next === '@'
    let name = ''
    while (!endsBare(this.next) && this.next !== stop) {
      const column = this.column
      const character = this.#step()
      if (character === '*' || character === '?') throw new QuerySyntaxError('the name of a facet has no wildcards', column)
      if (character !== '\\') name += character
      else {
        const escaped = this.#escaped()
        name += isAttribute && (escaped === '.' || escaped === '\\') ? `\\${escaped}` : escaped
      }
    }
    return name
  }

  /** A number, or undefined for `*`. */
  readBound(): number | undefined {
    const start = this.column
    const text = /^[^\s\]})("]*/.exec(this.#text.slice(this.#position))?.[0] ?? ''
    this.#position += text.length
    if (text === '*') return undefined
    const value = NUMBER.test(text) ? Number(text) : NaN
    if (!Number.isFinite(value)) throw new QuerySyntaxError(text === '' ? 'a range needs a number here' : `"${text}" is not a number`, start)
    return value + 0 // a zero without a sign
  }

  #escaped(): string {
    if (this.isAtEnd) throw new QuerySyntaxError('a backslash needs a character after it', this.column - 1)
    return this.#step()
  }

  #step(): string {
    return this.#text.charAt(this.#position++)
  }

  #unexpected(): string {
    return this.isAtEnd ? 'the search ends where a term is needed' : `"${this.next}" stands where a term is needed`
  }
}

/** True for what ends a text without quotes, and for the end. */
function endsBare(character: string): boolean {
  return character === '' || character === '(' || character === ')' || character === '"' || isSpace(character)
}

function isSpace(character: string): boolean {
  return /^\s$/.test(character)
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
