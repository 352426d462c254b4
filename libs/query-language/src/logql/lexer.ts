import { LogqlSyntaxError } from './logql-syntax-error.ts'
import { parseBytes, parseDurationNs } from './quantities.ts'

export type Token =
  | { readonly type: 'name'; readonly text: string; readonly start: number }
  | { readonly type: 'string'; readonly text: string; readonly start: number }
  | { readonly type: 'number'; readonly value: number; readonly text: string; readonly start: number }
  /** ns. */
  | { readonly type: 'duration'; readonly ns: bigint; readonly text: string; readonly start: number }
  | { readonly type: 'bytes'; readonly value: number; readonly text: string; readonly start: number }
  /** `[5m]`. */
  | { readonly type: 'range'; readonly ns: bigint; readonly start: number }
  /** `--strict`. */
  | { readonly type: 'flag'; readonly text: string; readonly start: number }
  | { readonly type: 'symbol'; readonly text: string; readonly start: number }
  | { readonly type: 'end'; readonly start: number }

/** Cuts a query into tokens; the last one is the end. @throws {LogqlSyntaxError} */
export function tokensOf(query: string): readonly Token[] {
  if (query.length > MAX_LOGQL_LENGTH) throw new LogqlSyntaxError(`a query has at most ${MAX_LOGQL_LENGTH} characters`, query, MAX_LOGQL_LENGTH)
  const tokens: Token[] = []
  for (let at = skipBlanks(query, 0); at < query.length; at = skipBlanks(query, at)) {
    const [token, end] = readToken(query, at)
    tokens.push(token)
    at = end
  }
  tokens.push({ type: 'end', start: query.length })
  return tokens
}

/** As Loki's own limit. */
export const MAX_LOGQL_LENGTH = 131_072

/** Spaces, and comments up to the end of their line. */
function skipBlanks(query: string, start: number): number {
  const pattern = /(?:\s+|#[^\n]*)*/y
  pattern.lastIndex = start
  return start + (pattern.exec(query)?.[0].length ?? 0)
}

function readToken(query: string, start: number): readonly [Token, end: number] {
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = start
    return pattern.exec(query)?.[0]
  }
  const name = match(/[\p{L}_][\p{L}\p{N}_]*/uy)
  if (name !== undefined) return [{ type: 'name', text: name, start }, start + name.length]
  const raw = match(/`[^`]*`/y)
  if (raw !== undefined) return [{ type: 'string', text: raw.slice(1, -1), start }, start + raw.length]
  const quoted = match(/"(?:[^"\\\n]|\\.)*"/y)
  if (quoted !== undefined) return [{ type: 'string', text: unquoted(query, start, quoted), start }, start + quoted.length]
  if (query[start] === '"' || query[start] === '`') throw new LogqlSyntaxError('the string is never closed', query, start)
  const flag = match(/--[a-z-]+/y)
  if (flag !== undefined) return [{ type: 'flag', text: flag, start }, start + flag.length]
  const range = match(/\[[^\]]*\]/y)
  if (range !== undefined) return [{ type: 'range', ns: rangeNs(query, start, range.slice(1, -1).trim()), start }, start + range.length]
  if (query[start] === '[') throw new LogqlSyntaxError('the bracket is never closed', query, start)
  // A number and what sticks to it: a duration, a size, or nothing.
  const quantity = match(/(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?[\p{L}\d.]*/uy)
  if (quantity !== undefined) return [readQuantity(query, start, quantity), start + quantity.length]
  const symbol = match(/\|=|\|~|\|>|!=|!~|!>|=~|==|>=|<=|[{}(),=|<>+\-*/%^]/y)
  if (symbol !== undefined) return [{ type: 'symbol', text: symbol, start }, start + symbol.length]
  throw new LogqlSyntaxError(`the character ${JSON.stringify(String.fromCodePoint(query.codePointAt(start) ?? 0))} has no meaning here`, query, start)
}

function readQuantity(query: string, start: number, text: string): Token {
  if (/^[\d.]+(?:[eE][+-]?\d+)?$/.test(text) && Number.isFinite(Number(text))) return { type: 'number', value: Number(text), text, start }
  const ns = parseDurationNs(text)
  if (ns !== undefined) return { type: 'duration', ns, text, start }
  const value = parseBytes(text)
  if (value === undefined) throw new LogqlSyntaxError(`${JSON.stringify(text)} is neither a number nor a duration (5m) nor a size (10KB)`, query, start)
  return { type: 'bytes', value, text, start }
}

function rangeNs(query: string, start: number, text: string): bigint {
  const ns = parseDurationNs(text)
  if (text.startsWith('$')) throw new LogqlSyntaxError(`${JSON.stringify(text)} is a variable of Grafana, which it did not fill in`, query, start)
  if (ns === undefined || ns <= 0n) throw new LogqlSyntaxError(`not a valid duration: ${JSON.stringify(text)}`, query, start)
  return ns
}

/** As Go quotes. */
function unquoted(query: string, start: number, quoted: string): string {
  return quoted.slice(1, -1).replace(/\\(x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-7]{3}|.)/g, (_, escape: string, at: number) => {
    const kind = escape[0] ?? ''
    const known = ESCAPES[escape]
    if (known !== undefined) return known
    const code = escape.length < 2 ? NaN : /^[xuU]/.test(kind) ? parseInt(escape.slice(1), 16) : parseInt(escape, 8)
    if (Number.isNaN(code) || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) throw new LogqlSyntaxError(`\\${kind} is no escape; in backticks a backslash is just one`, query, start + 1 + at)
    return String.fromCodePoint(code)
  })
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', a: '\u0007', b: '\b', f: '\f', v: '\v', '\\': '\\', '"': '"', "'": "'" }
