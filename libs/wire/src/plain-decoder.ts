import { parseTimestamp, timestampFromEpoch } from '@millrace/event/timestamp'
import type { PlainValue } from '@millrace/fragment/plain-rows'
import { RESERVED_NAMES } from './reserved-attributes.ts'

/** One event as tests write it. */
export interface PlainEvent {
  /** Undefined for the time of receipt. */
  readonly timeNs: bigint | undefined
  readonly attributes: ReadonlyMap<string, PlainValue>
}

/**
 * Decodes one event the slow way, through JSON.parse and objects. For tests only: what `decodeEvents` is compared with.
 *
 * @returns undefined for what is no JSON object.
 */
export function plainEventOf(text: string): PlainEvent | undefined {
  try {
    JSON.parse(text)
  } catch {
    return undefined
  }
  const top = new PlainParser(text.trim()).value()
  if (!(top instanceof Map) || text.trim() === '{}') return top instanceof Map ? { timeNs: undefined, attributes: new Map() } : undefined
  const attributes = new Map<string, PlainValue>()
  let timeNs: bigint | undefined
  const kindOf = new Map<string, keyof typeof RESERVED_NAMES>()
  for (const [kind, names] of Object.entries(RESERVED_NAMES)) {
    const winner = names.find((name) => usable(kind, top.get(name)) !== undefined)
    if (winner === undefined) continue
    kindOf.set(winner, kind as keyof typeof RESERVED_NAMES)
    const value = usable(kind, top.get(winner))
    if (typeof value === 'bigint') timeNs = value
    else if (value !== undefined) attributes.set(kind, value)
  }
  for (const [key, value] of top) if (!kindOf.has(key)) flatten(`@${key.replace(/[.\\]/g, '\\$&')}`, value, attributes)
  return { timeNs, attributes }
}

/** A scalar with its source text, or members, last of equal keys only. */
type Parsed = Map<string, Parsed> | { readonly source: string }

class PlainParser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  value(): Parsed {
    this.#token(/\s*/y)
    const start = this.#at
    if (this.#text[start] === '{') return this.#members(start)
    if (this.#text[start] === '[') {
      this.#at++
      while (this.#token(/\s*,?\s*(?=[^\s\]])/y) !== undefined) this.value()
      this.#token(/\s*\]/y)
      return { source: this.#text.slice(start, this.#at) }
    }
    return { source: this.#token(/"(?:[^"\\]|\\.)*"|[^\s,\]}]+/y) ?? '' }
  }

  #members(start: number): Parsed {
    const members = new Map<string, Parsed>()
    this.#at++
    while (this.#token(/\s*,?\s*(?=")/y) !== undefined) {
      const key = textOf(this.#token(/"(?:[^"\\]|\\.)*"/y) ?? '""')
      this.#token(/\s*:/y)
      members.delete(key)
      members.set(key, this.value())
    }
    this.#token(/\s*\}/y)
    return members.size === 0 && start > 0 ? { source: this.#text.slice(start, this.#at) } : members
  }

  #token(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at
    const [token] = pattern.exec(this.#text) ?? []
    this.#at += token?.length ?? 0
    return token
  }
}

function flatten(name: string, value: Parsed, into: Map<string, PlainValue>): void {
  if (value instanceof Map) for (const [key, member] of value) flatten(`${name}.${key.replace(/[.\\]/g, '\\$&')}`, member, into)
  else into.set(name, plainValue(value.source))
}

/** What a reserved attribute takes; undefined when the value cannot stand there. */
function usable(kind: string, value: Parsed | undefined): string | bigint | undefined {
  if (value === undefined || value instanceof Map || value.source === 'null' || value.source.startsWith('{')) return undefined
  if (value.source.startsWith('[')) {
    const items = JSON.parse(value.source) as unknown[]
    return kind === 'tags' && items.length > 0 && items.every((item) => typeof item === 'string') ? items.map((item) => item.toWellFormed()).join(',') : undefined
  }
  const text = value.source.startsWith('"') ? textOf(value.source) : value.source
  return kind === 'time' ? (parseTimestamp(text) ?? timestampFromEpoch(text)) : text
}

function plainValue(source: string): PlainValue {
  if (source.startsWith('[') || source.startsWith('{')) return { json: source }
  if (source.startsWith('"')) return textOf(source)
  const value = JSON.parse(source) as number | boolean | null
  return typeof value !== 'number' || isSameNumber(source, value) ? value : { numeral: source }
}

/** By integers of any length: a / 10^x = b / 10^y. */
function isSameNumber(source: string, value: number): boolean {
  if (!Number.isFinite(value)) return false
  const [a, x] = fraction(source)
  const [b, y] = fraction(String(value))
  if (a === 0n || b === 0n) return a === b
  return Math.abs(x - y) < 5000 && a * 10n ** BigInt(Math.max(0, y - x)) === b * 10n ** BigInt(Math.max(0, x - y))
}

function fraction(source: string): [digits: bigint, decimals: number] {
  const [, sign = '', whole = '', decimals = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE](.+))?$/.exec(source) ?? []
  const digits = BigInt(whole + decimals)
  return [sign === '' ? digits : -digits, decimals.length - Number(exponent)]
}

function textOf(source: string): string {
  return (JSON.parse(source) as string).toWellFormed()
}
