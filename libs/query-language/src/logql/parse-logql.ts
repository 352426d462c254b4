import { LINE_OPS, UNWRAP_OPS, VECTOR_OPS, type BinaryExpr, type BinaryOp, type Grouping, type LogExpr, type LogqlExpr, type Matcher, type MetricExpr, type RangeAggregation, type RangeOp, type Stage, type Unwrap, type VectorOp } from './ast.ts'
import { parseLog, parseSelector, parseStages, parseUnwrap } from './parse-pipeline.ts'
import { TokenCursor } from './token-cursor.ts'

/** Reads a query as docs/logql.md describes it. @throws {LogqlSyntaxError} */
export function parseLogql(query: string): LogqlExpr {
  const cursor = new TokenCursor(query)
  const expr = new Parser(cursor).parseExpr(0, 0)
  if (cursor.next.type !== 'end') cursor.fail('expecting an operator or the end')
  return expr
}

/** Reads a selector alone: `{app="a"}`. @throws {LogqlSyntaxError} */
export function parseStreamSelector(query: string): readonly Matcher[] {
  const cursor = new TokenCursor(query)
  const matchers = parseSelector(cursor)
  if (cursor.next.type !== 'end') cursor.fail('only label matchers are supported here, and nothing behind them')
  return matchers
}

/** Reader, printer and evaluation recurse; people nest some ten deep. */
const MAX_EXPR_DEPTH = 64
/** Each reads the stored events by itself. */
const MAX_RANGES = 20

/** Loosest first, each row binding alike. */
const PRECEDENCE: readonly (readonly BinaryOp[])[] = [['or'], ['and', 'unless'], ['==', '!=', '>', '>=', '<', '<='], ['+', '-'], ['*', '/', '%'], ['^']]
const COMPARISONS: ReadonlySet<BinaryOp> = new Set(PRECEDENCE[2])

class Parser {
  readonly #cursor: TokenCursor
  #ranges = 0

  constructor(cursor: TokenCursor) {
    this.#cursor = cursor
  }

  /** @param level of {@link PRECEDENCE}. */
  parseExpr(level: number, depth: number): LogqlExpr {
    const cursor: TokenCursor = this.#cursor
    const operators = PRECEDENCE[level]
    if (operators === undefined) return this.#parseOperand(depth)
    if (depth > MAX_EXPR_DEPTH) cursor.fail(`a query nests at most ${MAX_EXPR_DEPTH} deep`, cursor.next.start)
    let left = this.parseExpr(level + 1, depth)
    for (let chained = 1; ; chained++) {
      const op = operators.find((candidate) => cursor.isSymbol(candidate) || cursor.isWord(candidate))
      if (op === undefined) return left
      if (chained > MAX_EXPR_DEPTH) cursor.fail(`a query chains at most ${MAX_EXPR_DEPTH} operators`, cursor.next.start)
      const { start } = cursor.advance()
      const isBool = this.#parseModifier(op)
      const right = this.parseExpr(op === '^' ? level : level + 1, depth + 1)
      if (left.type === 'log' || right.type === 'log') cursor.fail(`unexpected type for a leg of the binary operation (${op}): lines cannot be calculated with`, start)
      left = { type: 'binary', op, left, right, isBool } satisfies BinaryExpr
    }
  }

  #parseModifier(op: BinaryOp): boolean {
    const cursor: TokenCursor = this.#cursor
    const isBool = cursor.isWord('bool')
    if (isBool && !COMPARISONS.has(op)) cursor.fail('bool is only for comparisons', cursor.next.start)
    if (isBool) cursor.advance()
    for (const word of ['on', 'ignoring', 'group_left', 'group_right']) if (cursor.isWord(word) && cursor.isSymbol('(', 1)) cursor.fail(`${word}() is not supported: both sides are matched by all their labels`, cursor.next.start)
    return isBool
  }

  #parseOperand(depth: number): LogqlExpr {
    const cursor: TokenCursor = this.#cursor
    const token = cursor.next
    if (depth > MAX_EXPR_DEPTH) cursor.fail(`a query nests at most ${MAX_EXPR_DEPTH} deep`, token.start)
    if (cursor.isSymbol('{')) return parseLog(cursor)
    if (cursor.isSymbol('-') || cursor.isSymbol('+') || token.type === 'number') return { type: 'literal', value: cursor.expectNumber() }
    if (cursor.takeSymbol('(')) {
      const inner = this.parseExpr(0, depth + 1)
      cursor.expectSymbol(')')
      return inner
    }
    if (token.type !== 'name') cursor.fail('expecting a selector {…} or a function')
    const word = token.text.toLowerCase()
    const range = [...LINE_OPS, ...UNWRAP_OPS].find((candidate) => candidate === word)
    if (range !== undefined) return this.#parseRange(range)
    const vector = VECTOR_OPS.find((candidate) => candidate === word)
    if (vector !== undefined) return this.#parseVectorAggregation(vector, depth)
    if (word === 'vector') return this.#parseVector()
    if (word === 'label_replace') return this.#parseLabelReplace(depth)
    return cursor.fail(UNSUPPORTED.has(word) ? `${word} is not supported` : `there is no function ${JSON.stringify(token.text)}; expecting a selector {…} or a function`, token.start)
  }

  #parseVector(): MetricExpr {
    const cursor: TokenCursor = this.#cursor
    cursor.advance()
    cursor.expectSymbol('(')
    const value = cursor.expectNumber()
    cursor.expectSymbol(')')
    return { type: 'vector', value }
  }

  #parseRange(op: RangeOp): RangeAggregation {
    const cursor: TokenCursor = this.#cursor
    const { start } = cursor.advance()
    if (++this.#ranges > MAX_RANGES) cursor.fail(`a query has at most ${MAX_RANGES} ranges`, start)
    cursor.expectSymbol('(')
    const hasParameter = cursor.next.type === 'number' || cursor.isSymbol('-')
    if (hasParameter && op !== 'quantile_over_time') cursor.fail(`parameter not supported for operation ${op}`, cursor.next.start)
    if (!hasParameter && op === 'quantile_over_time') cursor.fail('parameter required for operation quantile_over_time', start)
    const parameter = hasParameter ? cursor.expectNumber() : undefined
    if (hasParameter) cursor.expectSymbol(',')
    const logRange = this.#parseLogRange(0)
    cursor.expectSymbol(')')
    const groupingStart = cursor.next.start
    const grouping = this.#parseGrouping()
    const { unwrap } = logRange
    const isUnwrapped = unwrap !== undefined
    const takesUnwrap = op === 'rate' || UNWRAP_OPS.some((candidate) => candidate === op) || op === 'absent_over_time'
    if (isUnwrapped && !takesUnwrap) cursor.fail(`invalid aggregation ${op} with unwrap`, start)
    if (!isUnwrapped && UNWRAP_OPS.some((candidate) => candidate === op)) cursor.fail(`invalid aggregation ${op} without unwrap`, start)
    if (grouping !== undefined && (!isUnwrapped || op === 'rate' || op === 'sum_over_time' || op === 'absent_over_time')) cursor.fail(`grouping not allowed for ${op} aggregation`, groupingStart)
    return { type: 'range', op, ...logRange, parameter, grouping }
  }

  /** `{…} | … [5m] offset 1h`, the range also right behind the selector, all also in parentheses. */
  #parseLogRange(depth: number): { readonly log: LogExpr; readonly rangeNs: bigint; readonly offsetNs: bigint; readonly unwrap: Unwrap | undefined } {
    const cursor: TokenCursor = this.#cursor
    if (depth > MAX_EXPR_DEPTH) cursor.fail(`a query nests at most ${MAX_EXPR_DEPTH} deep`, cursor.next.start)
    let log: LogExpr
    let unwrap: Unwrap | undefined
    if (cursor.takeSymbol('(')) {
      if (cursor.isSymbol('(')) {
        const inner = this.#parseLogRange(depth + 1)
        cursor.expectSymbol(')')
        return inner
      }
      log = parseLog(cursor)
      unwrap = parseUnwrap(cursor)
      if (cursor.next.type === 'range') {
        const inner = this.#parseRangeEnd(log, unwrap)
        cursor.expectSymbol(')')
        return inner
      }
      cursor.expectSymbol(')')
    } else {
      log = parseLog(cursor)
      unwrap = parseUnwrap(cursor)
    }
    return this.#parseRangeEnd(log, unwrap)
  }

  #parseRangeEnd(log: LogExpr, unwrapBefore: Unwrap | undefined): { readonly log: LogExpr; readonly rangeNs: bigint; readonly offsetNs: bigint; readonly unwrap: Unwrap | undefined } {
    const cursor: TokenCursor = this.#cursor
    const token = cursor.next
    if (token.type !== 'range') cursor.fail('expecting a stage or a range such as [5m]')
    cursor.advance()
    const offsetNs = this.#parseOffset()
    const later: readonly Stage[] = unwrapBefore === undefined ? parseStages(cursor) : []
    const unwrap = unwrapBefore ?? parseUnwrap(cursor)
    return { log: later.length === 0 ? log : { ...log, stages: [...log.stages, ...later] }, rangeNs: token.ns, offsetNs, unwrap }
  }

  #parseOffset(): bigint {
    const cursor: TokenCursor = this.#cursor
    if (!cursor.takeWord('offset')) return 0n
    const isNegative = cursor.takeSymbol('-')
    const token = cursor.next
    if (token.type !== 'duration') cursor.fail('expecting a duration such as 5m')
    cursor.advance()
    return isNegative ? -token.ns : token.ns
  }

  #parseVectorAggregation(op: VectorOp, depth: number): MetricExpr {
    const cursor: TokenCursor = this.#cursor
    const { start } = cursor.advance()
    let grouping = this.#parseGrouping()
    cursor.expectSymbol('(')
    const needsParameter = op === 'topk' || op === 'bottomk'
    let parameter: number | undefined
    if (needsParameter) {
      const at = cursor.next.start
      if (cursor.next.type !== 'number' && !cursor.isSymbol('-')) cursor.fail(`parameter required for operation ${op}`, at)
      parameter = cursor.expectNumber()
      if (!Number.isInteger(parameter) || parameter < 1) cursor.fail(`invalid parameter (must be a whole number greater than 0) ${op}(${parameter}`, at)
      cursor.expectSymbol(',')
    }
    const { start: innerStart } = cursor.next
    const expr = this.parseExpr(0, depth + 1)
    if (expr.type === 'log') cursor.fail(`${op}() takes a metric such as rate({…}[5m]), and not lines`, innerStart)
    cursor.expectSymbol(')')
    grouping ??= this.#parseGrouping()
    if (grouping !== undefined && (op === 'sort' || op === 'sort_desc')) cursor.fail(`grouping not allowed for ${op} aggregation`, start)
    return { type: 'vector-aggregation', op, expr, parameter, grouping }
  }

  #parseGrouping(): Grouping | undefined {
    const cursor: TokenCursor = this.#cursor
    const isWithout = cursor.isWord('without')
    if (!(isWithout || cursor.isWord('by')) || !cursor.isSymbol('(', 1)) return undefined
    cursor.advance()
    cursor.advance()
    const labels: string[] = []
    while (!cursor.isSymbol(')')) {
      if (labels.length >= MAX_GROUP_LABELS) cursor.fail(`at most ${MAX_GROUP_LABELS} labels make a group`, cursor.next.start)
      const label = cursor.expectName('a label')
      if (!labels.includes(label)) labels.push(label)
      if (!cursor.takeSymbol(',')) break
    }
    cursor.expectSymbol(')')
    return { isWithout, labels }
  }

  #parseLabelReplace(depth: number): MetricExpr {
    const cursor: TokenCursor = this.#cursor
    cursor.advance()
    cursor.expectSymbol('(')
    const { start } = cursor.next
    const expr = this.parseExpr(0, depth + 1)
    if (expr.type === 'log') cursor.fail('label_replace() takes a metric, and not lines', start)
    const texts: string[] = []
    for (const what of ['the label to set', 'the replacement', 'the label to read', 'a regular expression']) {
      cursor.expectSymbol(',')
      texts.push(cursor.expectString(what))
    }
    cursor.expectSymbol(')')
    const [target = '', replacement = '', source = '', pattern = ''] = texts
    return { type: 'label-replace', expr, target, replacement, source, pattern }
  }
}

/** Two are common, and each multiplies the series. */
const MAX_GROUP_LABELS = 100
const UNSUPPORTED: ReadonlySet<string> = new Set(['rate_counter', 'approx_topk', 'variants', 'count_values', 'absent'])
