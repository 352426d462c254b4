import type { ExactPattern, Facet, QueryAst, WildcardPattern } from './ast.ts'
import { facetOf } from './facet.ts'
import { QuerySyntaxError } from './query-syntax-error.ts'
import { Scanner } from './scanner.ts'

/**
 * Reads a search in the syntax of docs/design/search-syntax.md. An empty one finds everything.
 *
 * @throws {QuerySyntaxError}
 */
export function parseQuery(text: string): QueryAst {
  if (text.length > MAX_QUERY_LENGTH) throw new QuerySyntaxError(`a search has at most ${MAX_QUERY_LENGTH} characters`, MAX_QUERY_LENGTH + 1)
  const scanner = new Scanner(text)
  scanner.skipSpaces()
  if (scanner.isAtEnd) return { type: 'all' }
  const parser = new Parser(scanner)
  const ast = parser.parseOr(parser.parseTerm, 0)
  if (!scanner.isAtEnd) throw new QuerySyntaxError('the parenthesis was never opened', scanner.column)
  return ast
}

/** Longer ones are generated, and each term costs a pass over a column. */
export const MAX_QUERY_LENGTH = 8192
/** Parser, printer and engine recurse; people nest three deep. */
export const MAX_QUERY_DEPTH = 64

type ParseTerm = (depth: number) => QueryAst

/** One method per rule of the grammar, loosest first. Each begins at a character that is not a space and ends likewise. */
class Parser {
  readonly #scanner: Scanner

  constructor(scanner: Scanner) {
    this.#scanner = scanner
  }

  /** `a OR b`. @param parseTerm reads one term: a whole one, or a value inside `facet:( … )`. */
  parseOr(parseTerm: ParseTerm, depth: number): QueryAst {
    const nodes = [this.#parseAnd(parseTerm, depth)]
    while (this.#scanner.takeWord('OR')) nodes.push(this.#parseAnd(parseTerm, depth))
    return join('or', nodes)
  }

  /** One word, phrase, `facet:value` or group. */
  readonly parseTerm: ParseTerm = (depth) => {
    const scanner = this.#scanner
    if (scanner.next === '(') return this.#parseGroup(this.parseTerm, depth)
    if (scanner.next === '"') return text('message', scanner.readQuoted())
    const column = scanner.column
    if (scanner.take('*:')) return this.#parseValue(undefined, depth)
    const name = scanner.tryFacetName()
    if (name === undefined) {
      if (scanner.next === ':') throw new QuerySyntaxError('a facet needs a name before the colon', scanner.column)
      return text('message', scanner.readBare())
    }
    if (name === '_exists_' || name === '_missing_') return this.#parseExists(name === '_missing_')
    if (name === '@') throw new QuerySyntaxError('a facet needs a name', column)
    return this.#parseValue(facetOf(name), depth)
  }

  /** Terms side by side, with or without `AND`. */
  #parseAnd(parseTerm: ParseTerm, depth: number): QueryAst {
    const scanner = this.#scanner
    const nodes: QueryAst[] = []
    do {
      scanner.skipSpaces()
      nodes.push(this.#parseNot(parseTerm, depth))
      scanner.skipSpaces()
    } while (scanner.takeWord('AND') || !(scanner.isAtEnd || scanner.next === ')' || scanner.isAtWord('OR')))
    return join('and', nodes)
  }

  /** `NOT a` or `-a`. */
  #parseNot(parseTerm: ParseTerm, depth: number): QueryAst {
    const scanner = this.#scanner
    if (depth > MAX_QUERY_DEPTH) throw new QuerySyntaxError(`a search nests at most ${MAX_QUERY_DEPTH} deep`, scanner.column)
    for (const operator of ['AND', 'OR']) if (scanner.isAtWord(operator)) throw new QuerySyntaxError(`${operator} needs a term before it`, scanner.column)
    const column = scanner.column
    if (scanner.takeWord('NOT')) {
      scanner.skipSpaces()
      if (scanner.isAtEnd || scanner.next === ')') throw new QuerySyntaxError('NOT needs a term after it', column)
      return { type: 'not', node: this.#parseNot(parseTerm, depth + 1) }
    }
    if (scanner.take('-')) {
      if (/^[\s)]?$/.test(scanner.next)) throw new QuerySyntaxError('"-" needs a term directly after it', column)
      return { type: 'not', node: parseTerm(depth + 1) }
    }
    if (scanner.isAtEnd) throw new QuerySyntaxError('the search ends where a term is needed', column)
    return parseTerm(depth)
  }

  #parseGroup(parseTerm: ParseTerm, depth: number): QueryAst {
    const scanner = this.#scanner
    const column = scanner.column
    scanner.take('(')
    scanner.skipSpaces()
    if (scanner.next === ')') throw new QuerySyntaxError('the parentheses are empty', column)
    if (scanner.isAtEnd) throw new QuerySyntaxError('the parenthesis is never closed', column)
    const node = this.parseOr(parseTerm, depth + 1)
    if (!scanner.take(')')) throw new QuerySyntaxError('the parenthesis is never closed', column)
    return node
  }

  /** What stands after `facet:`. @param facet undefined for `*:`, which is text everywhere. */
  #parseValue(facet: Facet | undefined, depth: number): QueryAst {
    const scanner = this.#scanner
    const column = scanner.column
    if (scanner.next === '(') return this.#parseGroup((inner) => this.#parseValue(facet, inner), depth)
    if (scanner.next === '~' || /^[<>[{]/.test(scanner.next)) {
      if (facet === undefined) throw new QuerySyntaxError('"*:" takes words and phrases only', column)
      if (scanner.take('~')) return { type: 'term', facet, pattern: scanner.readRegex() }
      return this.#parseRange(facet)
    }
    if (/^[\s)]?$/.test(scanner.next)) throw new QuerySyntaxError('a value is needed after the colon', column)
    const pattern = scanner.next === '"' ? scanner.readQuoted() : scanner.readBare()
    if (facet === undefined) return text('everywhere', pattern)
    if (isAnything(pattern)) return { type: 'exists', facet }
    // A message is searched by words wherever it is named; only as a regular expression is it one value.
    if (facet.kind === 'reserved' && facet.name === 'message') return text('message', pattern)
    return { type: 'term', facet, pattern }
  }

  /** `>=5`, `<5`, `[1 TO 5}`. */
  #parseRange(facet: Facet): QueryAst {
    const scanner = this.#scanner
    const column = scanner.column
    for (const [operator, side, isInclusive] of COMPARISONS) {
      if (!scanner.take(operator)) continue
      const at = scanner.column
      const value = scanner.readBound()
      if (value === undefined) throw new QuerySyntaxError('a comparison needs a number', at)
      return { type: 'range', facet, min: undefined, max: undefined, [side]: { value, isInclusive } }
    }
    const isMinInclusive = scanner.take('[') || !scanner.take('{')
    scanner.skipSpaces()
    const min = scanner.readBound()
    scanner.skipSpaces()
    if (!scanner.takeWord('TO')) throw new QuerySyntaxError('a range is written [1 TO 5]', column)
    scanner.skipSpaces()
    const max = scanner.readBound()
    scanner.skipSpaces()
    const isMaxInclusive = scanner.take(']')
    if (!isMaxInclusive && !scanner.take('}')) throw new QuerySyntaxError('the range is never closed', column)
    return {
      type: 'range', facet,
      min: min === undefined ? undefined : { value: min, isInclusive: isMinInclusive },
      max: max === undefined ? undefined : { value: max, isInclusive: isMaxInclusive },
    }
  }

  #parseExists(isMissing: boolean): QueryAst {
    const scanner = this.#scanner
    const column = scanner.column
    const pattern = scanner.next === '"' ? scanner.readQuoted() : scanner.readFacetName()
    if (pattern === '' || pattern === '@') throw new QuerySyntaxError('a facet needs a name', column)
    const node: QueryAst = { type: 'exists', facet: facetOf(typeof pattern === 'string' ? pattern : pattern.text) }
    return isMissing ? { type: 'not', node } : node
  }
}

/** Longer operators before their prefixes. */
const COMPARISONS = [['>=', 'min', true], ['<=', 'max', true], ['>', 'min', false], ['<', 'max', false]] as const

function text(scope: 'message' | 'everywhere', pattern: ExactPattern | WildcardPattern): QueryAst {
  return isAnything(pattern) ? { type: 'all' } : { type: 'text', scope, pattern }
}

function isAnything(pattern: ExactPattern | WildcardPattern): boolean {
  return pattern.kind === 'wildcard' && pattern.pieces.length === 1 && pattern.pieces[0] === 'any'
}

/** Flat: `(a AND b) AND c` has three terms. */
function join(type: 'and' | 'or', nodes: readonly QueryAst[]): QueryAst {
  const flat = nodes.flatMap((node) => (node.type === type ? node.nodes : [node]))
  const [only] = flat
  return flat.length === 1 && only !== undefined ? only : { type, nodes: flat }
}
