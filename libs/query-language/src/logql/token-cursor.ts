import { tokensOf, type Token } from './lexer.ts'
import { LogqlSyntaxError } from './logql-syntax-error.ts'

/** Walks over the tokens of one query. Every refusal names the place where the reading stopped. */
export class TokenCursor {
  readonly #query: string
  readonly #tokens: readonly Token[]
  #at = 0

  /** @throws {LogqlSyntaxError} */
  constructor(query: string) {
    this.#query = query
    this.#tokens = tokensOf(query)
  }

  get next(): Token {
    return this.peek(0)
  }

  peek(ahead: number): Token {
    return this.#tokens[this.#at + ahead] ?? { type: 'end', start: this.#query.length }
  }

  advance(): Token {
    const token = this.next
    this.#at++
    return token
  }

  isSymbol(text: string, ahead = 0): boolean {
    const token = this.peek(ahead)
    return token.type === 'symbol' && token.text === text
  }

  /** Words of the language are the same in upper case. */
  isWord(word: string, ahead = 0): boolean {
    const token = this.peek(ahead)
    return token.type === 'name' && token.text.toLowerCase() === word
  }

  takeSymbol(text: string): boolean {
    if (!this.isSymbol(text)) return false
    this.#at++
    return true
  }

  takeWord(word: string): boolean {
    if (!this.isWord(word)) return false
    this.#at++
    return true
  }

  /** @throws {LogqlSyntaxError} */
  expectSymbol(text: string): void {
    if (!this.takeSymbol(text)) this.fail(`expecting "${text}"`)
  }

  expectName(what: string): string {
    const token = this.next
    if (token.type !== 'name') this.fail(`expecting ${what}`)
    this.#at++
    return token.text
  }

  expectString(what: string): string {
    const token = this.next
    if (token.type !== 'string') this.fail(`expecting ${what} in quotes`)
    this.#at++
    return token.text
  }

  /** With or without a sign. */
  expectNumber(): number {
    const isNegative = this.takeSymbol('-')
    if (!isNegative) this.takeSymbol('+')
    const token = this.next
    if (token.type !== 'number') this.fail('expecting a number')
    this.#at++
    return isNegative ? -token.value : token.value
  }

  /** Refuses the next token, or what stands at `start`. @throws {LogqlSyntaxError} */
  fail(reason: string, start?: number): never {
    if (start !== undefined) throw new LogqlSyntaxError(reason, this.#query, start)
    const { next } = this
    throw new LogqlSyntaxError(`syntax error: unexpected ${nameOf(next)}, ${reason}`, this.#query, next.start)
  }
}

function nameOf(token: Token): string {
  if (token.type === 'end') return 'end of the query'
  if (token.type === 'string') return 'string'
  if (token.type === 'range') return 'range'
  const { text } = token
  return JSON.stringify(text.length > MAX_NAMED ? `${text.slice(0, MAX_NAMED)}…` : text)
}

/** A message stays one line. */
const MAX_NAMED = 40
