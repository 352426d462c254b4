import type { EventId } from '@millrace/event/event'
import type { PlainValue } from '@millrace/fragment/plain-rows'
import type { Facet, QueryAst, WildcardPiece } from '@millrace/query-language/ast'
import { RE2JS } from 're2js'

/** An event as tests have it. */
export interface NaiveEvent {
  readonly id: EventId
  readonly timestampNs: bigint
  /** By column name. */
  readonly values: ReadonlyMap<string, PlainValue>
}

/**
 * docs/design/search-syntax.md once more, event by event and without any of the engine's code: what tests compare the engine with. For tests only.
 */
export function naiveMatches(ast: QueryAst, event: NaiveEvent): boolean {
  switch (ast.type) {
    case 'all':
      return true
    case 'and':
      return ast.nodes.every((node) => naiveMatches(node, event))
    case 'or':
      return ast.nodes.some((node) => naiveMatches(node, event))
    case 'not':
      return !naiveMatches(ast.node, event)
    case 'exists':
      return isList(ast.facet) ? naiveValues(ast.facet, event).length > 0 : event.values.has(columnName(ast.facet))
    case 'range':
      return naiveNumbers(ast.facet, event).some(
        (value) =>
          (ast.min === undefined || value > ast.min.value || (ast.min.isInclusive && value === ast.min.value)) &&
          (ast.max === undefined || value < ast.max.value || (ast.max.isInclusive && value === ast.max.value)),
      )
    case 'text': {
      const names = ast.scope === 'message' ? ['message'] : [...event.values.keys()].filter((name) => !name.startsWith('_'))
      return names.some((name) => {
        const value = event.values.get(name)
        // Numbers and literals are text for a search everywhere only.
        const isText = typeof value === 'string' || (typeof value === 'object' && value !== null)
        return value !== undefined && (isText || ast.scope === 'everywhere') && textMatches(ast.pattern, fold(textOf(value)))
      })
    }
    case 'term':
      return naiveValues(ast.facet, event).some(({ text, isNumber }) => termMatches(ast, text, isNumber))
  }
}

/** The values of a facet: tags and arrays of scalars are several. */
export function naiveValues(facet: Facet, event: NaiveEvent): readonly { readonly text: string; readonly isNumber: boolean; readonly isLiteral: boolean }[] {
  const value = event.values.get(columnName(facet))
  if (value === undefined) return []
  if (typeof value === 'string' && isList(facet)) {
    const tags = value.split(',').filter((tag) => tag.length > 0)
    if (facet.kind === 'reserved') return tags.map((text) => ({ text, isNumber: false, isLiteral: false }))
    return tags.flatMap((tag) => {
      const [key = '', ...rest] = tag.split(':')
      return key === facet.name ? [{ text: rest.join(':'), isNumber: false, isLiteral: false }] : []
    })
  }
  if (typeof value === 'object' && value !== null && 'json' in value) {
    const elements = JSON.parse(value.json) as unknown
    // Tests write the numbers of arrays so that a double holds them.
    if (Array.isArray(elements) && elements.every((element) => typeof element !== 'object' || element === null)) {
      return elements.map((element: unknown) => ({ text: String(element), isNumber: typeof element === 'number', isLiteral: typeof element === 'boolean' || element === null }))
    }
  }
  return [{ text: textOf(value), isNumber: typeof value === 'number' || (typeof value === 'object' && value !== null && 'numeral' in value), isLiteral: typeof value === 'boolean' || value === null }]
}

export function naiveNumbers(facet: Facet, event: NaiveEvent): readonly number[] {
  return naiveValues(facet, event).filter(({ text, isLiteral }) => !isLiteral && /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)).map(({ text }) => Number(text))
}

/** True when `a` comes before `b` in time, or by id at one time. */
export function isBefore(a: NaiveEvent, b: NaiveEvent): boolean {
  if (a.timestampNs !== b.timestampNs) return a.timestampNs < b.timestampNs
  const [left, right] = [a, b].map(({ id }) => `${id.generation}/${id.partition}`)
  if (left !== right) return (left ?? '') < (right ?? '')
  return a.id.offset !== b.id.offset ? a.id.offset < b.id.offset : a.id.row < b.id.row
}

function columnName({ kind, name }: Facet): string {
  return kind === 'attribute' ? `@${name}` : kind === 'tag' ? 'tags' : name
}

function isList(facet: Facet): boolean {
  return facet.kind === 'tag' || (facet.kind === 'reserved' && facet.name === 'tags')
}

function textOf(value: PlainValue): string {
  return typeof value === 'object' && value !== null ? ('json' in value ? value.json : value.numeral) : String(value)
}

function fold(text: string): string {
  return Array.from(text, (character) => {
    const lower = character.toLowerCase()
    return /^[A-Z]$/.test(character) ? lower : lower.length === character.length && lower > '\x7f' ? lower : character
  }).join('')
}

function termMatches({ facet, pattern }: Extract<QueryAst, { type: 'term' }>, text: string, isNumber: boolean): boolean {
  const folded = facet.kind === 'reserved' && facet.name === 'status' ? fold : (same: string): string => same
  if (pattern.kind === 'regex') return RE2JS.compile(pattern.source).matcher(text).find()
  if (pattern.kind === 'wildcard') return globExpression(pattern.pieces, '[^]', folded).test(folded(text))
  if (folded(text) === folded(pattern.text)) return true
  // Numbers of tests are short: as doubles they are equal when they are equal.
  return isNumber && /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(pattern.text) && Number(text) === Number(pattern.text)
}

function textMatches(pattern: Extract<QueryAst, { type: 'text' }>['pattern'], text: string): boolean {
  if (pattern.kind === 'wildcard') {
    const whole = globExpression(pattern.pieces, '[^ \\t\\n\\v\\f\\r]', fold)
    const characters = Array.from(text)
    const isWord = (character: string | undefined): boolean => character !== undefined && /^[a-z0-9\u0080-\u{10ffff}]$/u.test(character)
    const borders = Array.from({ length: characters.length + 1 }, (_, at) => at).filter((at) => !(isWord(characters[at - 1]) && isWord(characters[at])))
    return borders.some((start) => borders.some((end) => end >= start && whole.test(characters.slice(start, end).join(''))))
  }
  const wanted = words(fold(pattern.text))
  if (wanted.length === 0) return text.includes(fold(pattern.text))
  const present = words(text)
  return present.some((_, at) => wanted.every((word, index) => present[at + index] === word))
}

function words(folded: string): string[] {
  return folded.split(/[^a-z0-9\u0080-\u{10ffff}]+/u).filter((word) => word !== '')
}

function globExpression(pieces: readonly WildcardPiece[], any: string, folded: (text: string) => string): RegExp {
  return new RegExp(`^${pieces.map((piece) => (piece === 'any' ? `${any}*` : piece === 'one' ? any : folded(piece.literal).replace(/[$()*+./?[\\\]^{|}]/g, '\\$&'))).join('')}$`, 'u')
}
