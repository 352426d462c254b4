/** A template of Go's text/template, as far as docs/logql.md says. */
export type TemplatePart =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'value'; readonly value: TemplateValue }
  | { readonly type: 'if'; readonly condition: TemplateValue; readonly then: readonly TemplatePart[]; readonly otherwise: readonly TemplatePart[] }

export type TemplateValue =
  | { readonly type: 'label'; readonly name: string }
  | { readonly type: 'line' }
  | { readonly type: 'constant'; readonly text: string }
  | { readonly type: 'call'; readonly name: TemplateFunction; readonly arguments: readonly TemplateValue[] }

/** Of each the number of arguments. The value of a pipe comes last. */
export const TEMPLATE_FUNCTIONS = {
  ToUpper: 1, ToLower: 1, upper: 1, lower: 1, title: 1, trim: 1, TrimSpace: 1, trimPrefix: 2, trimSuffix: 2, trimAll: 2, Trim: 2, TrimPrefix: 2, TrimSuffix: 2,
  replace: 3, Replace: 4, trunc: 2, substr: 3, default: 2, contains: 2, hasPrefix: 2, hasSuffix: 2, eq: 2, ne: 2, not: 1, len: 1, indent: 2, nindent: 2, repeat: 2, urlencode: 1, urldecode: 1, b64enc: 1, b64dec: 1,
} as const satisfies Readonly<Record<string, number>>
export type TemplateFunction = keyof typeof TEMPLATE_FUNCTIONS

/** Why a text is no template that can be used; undefined for one that can. */
export function checkTemplate(text: string): string | undefined {
  try {
    parseTemplate(text)
    return undefined
  } catch (error) {
    if (error instanceof TemplateError) return error.message
    throw error
  }
}

/** @throws {TemplateError} */
export function parseTemplate(text: string): readonly TemplatePart[] {
  const pieces = piecesOf(text)
  const [parts, end] = readParts(pieces, 0, 0)
  if (end < pieces.length) throw new TemplateError('an end or else without an if')
  return parts
}

/** The message says what is not understood. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError'
  readonly code = 'TEMPLATE'
  readonly retryable = false
}

/** Ifs in ifs; the reading recurses. */
const MAX_TEMPLATE_DEPTH = 16

interface Piece {
  readonly isAction: boolean
  readonly text: string
}

/** `{{-` and `-}}` take away the white space beside them. */
function piecesOf(text: string): readonly Piece[] {
  const pieces: Piece[] = []
  let trims = false
  for (let at = 0; at < text.length;) {
    const open = text.indexOf('{{', at)
    let plain = text.slice(at, open === -1 ? text.length : open)
    if (trims) plain = plain.trimStart()
    if (open !== -1 && /^\{\{- /.test(text.slice(open, open + 4))) plain = plain.trimEnd()
    if (plain !== '') pieces.push({ isAction: false, text: plain })
    if (open === -1) break
    const action = /^\{\{(?:- )?((?:"(?:[^"\\]|\\[^])*"|`[^`]*`|(?!\}\})[^"`])*?)( -)?\}\}/.exec(text.slice(open))
    if (action === null) throw new TemplateError('{{ is never closed')
    const inner = (action[1] ?? '').trim()
    if (!inner.startsWith('/*')) pieces.push({ isAction: true, text: inner })
    trims = action[2] !== undefined
    at = open + action[0].length
  }
  return pieces
}

/** Reads up to an `else` or `end`. */
function readParts(pieces: readonly Piece[], start: number, depth: number): readonly [parts: readonly TemplatePart[], end: number] {
  if (depth > MAX_TEMPLATE_DEPTH) throw new TemplateError(`a template nests at most ${MAX_TEMPLATE_DEPTH} deep`)
  const parts: TemplatePart[] = []
  let at = start
  for (let piece = pieces[at]; piece !== undefined; piece = pieces[at]) {
    if (!piece.isAction) parts.push({ type: 'text', text: piece.text })
    else if (piece.text === 'end' || /^else(?:\s|$)/.test(piece.text)) return [parts, at]
    else if (/^if\s/.test(piece.text)) {
      const [part, end] = readIf(pieces, at, piece.text.slice(2), depth)
      parts.push(part)
      at = end
      continue
    } else if (/^(?:range|with|define|template|block|break|continue|\$)/.test(piece.text)) throw new TemplateError(`"${piece.text.split(/\s/)[0] ?? ''}" is not supported`)
    else parts.push({ type: 'value', value: readPipe(new Words(piece.text), depth) })
    at++
  }
  return [parts, at]
}

/** @returns where to go on: behind its `end`. */
function readIf(pieces: readonly Piece[], start: number, condition: string, depth: number): readonly [TemplatePart, end: number] {
  const value = readPipe(new Words(condition), depth)
  const [then, middle] = readParts(pieces, start + 1, depth + 1)
  const closing = pieces[middle]
  if (closing === undefined) throw new TemplateError('an if is never ended')
  if (closing.text === 'end') return [{ type: 'if', condition: value, then, otherwise: [] }, middle + 1]
  const rest = closing.text.slice(4).trim()
  if (rest !== '') {
    if (!/^if\s/.test(rest)) throw new TemplateError(`"${closing.text}" is not understood`)
    const [nested, end] = readIf(pieces, middle, rest.slice(2), depth + 1)
    return [{ type: 'if', condition: value, then, otherwise: [nested] }, end]
  }
  const [otherwise, end] = readParts(pieces, middle + 1, depth + 1)
  if (pieces[end]?.text !== 'end') throw new TemplateError('an if is never ended')
  return [{ type: 'if', condition: value, then, otherwise }, end + 1]
}

/** `.name`, texts, numbers, parentheses, pipes and names of functions. */
class Words {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  get next(): string {
    this.#at += /^\s*/.exec(this.#text.slice(this.#at))?.[0].length ?? 0
    return /^(?:"(?:[^"\\]|\\[^])*"|`[^`]*`|[()|]|[^\s()|"`]+)/.exec(this.#text.slice(this.#at))?.[0] ?? ''
  }

  take(): string {
    const word = this.next
    this.#at += word.length
    return word
  }
}

function readPipe(words: Words, depth: number): TemplateValue {
  let value = readCommand(words, undefined, depth)
  while (words.next === '|') {
    words.take()
    value = readCommand(words, value, depth)
  }
  if (words.next !== '' && words.next !== ')') throw new TemplateError(`"${words.next}" is not understood`)
  return value
}

function readCommand(words: Words, piped: TemplateValue | undefined, depth: number): TemplateValue {
  const name = words.next
  const known = functionOf(name)
  if (known === undefined) {
    if (piped !== undefined) throw new TemplateError(`there is no function "${name}"`)
    return readOperand(words, depth)
  }
  words.take()
  const given: TemplateValue[] = []
  while (!['', '|', ')'].includes(words.next)) given.push(readOperand(words, depth))
  if (piped !== undefined) given.push(piped)
  if (given.length !== TEMPLATE_FUNCTIONS[known]) throw new TemplateError(`${known} takes ${TEMPLATE_FUNCTIONS[known]} arguments`)
  return { type: 'call', name: known, arguments: given }
}

function functionOf(name: string): TemplateFunction | undefined {
  return Object.hasOwn(TEMPLATE_FUNCTIONS, name) ? (name as TemplateFunction) : undefined
}

function readOperand(words: Words, depth: number): TemplateValue {
  if (depth > MAX_TEMPLATE_DEPTH) throw new TemplateError(`a template nests at most ${MAX_TEMPLATE_DEPTH} deep`)
  const word = words.take()
  if (word === '(') {
    const inner = readPipe(words, depth + 1)
    if (words.take() !== ')') throw new TemplateError('a parenthesis is never closed')
    return inner
  }
  if (/^\.[\p{L}_][\p{L}\p{N}_]*$/u.test(word)) return { type: 'label', name: word.slice(1) }
  if (word === '__line__') return { type: 'line' }
  if (/^-?\d+(?:\.\d+)?$/.test(word)) return { type: 'constant', text: word }
  if (word.startsWith('`')) return { type: 'constant', text: word.slice(1, -1) }
  if (word.startsWith('"')) return { type: 'constant', text: word.slice(1, -1).replace(/\\([^])/g, (_, escaped: string) => ({ n: '\n', t: '\t', r: '\r' })[escaped] ?? escaped) }
  throw new TemplateError(word === '' ? 'an action is empty' : `"${word}" is not supported`)
}
