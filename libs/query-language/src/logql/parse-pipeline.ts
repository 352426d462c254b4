import type { CompareOp, Extraction, LabelComparison, LabelFilter, LabelFormat, LabelSelection, LineFilter, LogExpr, Matcher, MatchOp, Stage, Unwrap } from './ast.ts'
import { checkTemplate } from './template.ts'
import type { TokenCursor } from './token-cursor.ts'

/** Reads `{…}` and the stages behind it, up to a range, an `unwrap` or whatever else is no stage. @throws {LogqlSyntaxError} */
export function parseLog(cursor: TokenCursor): LogExpr {
  const matchers = parseSelector(cursor)
  return { type: 'log', matchers, stages: parseStages(cursor) }
}

/** @throws {LogqlSyntaxError} */
export function parseSelector(cursor: TokenCursor): readonly Matcher[] {
  cursor.expectSymbol('{')
  const matchers: Matcher[] = []
  while (!cursor.isSymbol('}')) {
    if (matchers.length >= MAX_MATCHERS) cursor.fail(`a selector has at most ${MAX_MATCHERS} matchers`, cursor.next.start)
    matchers.push(parseMatcher(cursor))
    if (!cursor.takeSymbol(',')) break
  }
  cursor.expectSymbol('}')
  return matchers
}

/** Stages up to the first that is none. @throws {LogqlSyntaxError} */
export function parseStages(cursor: TokenCursor): readonly Stage[] {
  const stages: Stage[] = []
  for (let stage = parseStage(cursor); stage !== undefined; stage = parseStage(cursor)) {
    if (stages.length >= MAX_STAGES) cursor.fail(`a query has at most ${MAX_STAGES} stages`, cursor.next.start)
    stages.push(stage)
  }
  return stages
}

/** `| unwrap duration(took) | __error__=""`. @throws {LogqlSyntaxError} */
export function parseUnwrap(cursor: TokenCursor): Unwrap | undefined {
  if (!(cursor.isSymbol('|') && cursor.isWord('unwrap', 1))) return undefined
  cursor.advance()
  cursor.advance()
  const name = cursor.expectName('the label to unwrap')
  let label = name
  let conversion: Unwrap['conversion']
  if (cursor.takeSymbol('(')) {
    conversion = CONVERSIONS.find((candidate) => candidate === name)
    if (conversion === undefined) cursor.fail(`a label is unwrapped as one of ${CONVERSIONS.join(', ')}`)
    label = cursor.expectName('the label to unwrap')
    cursor.expectSymbol(')')
  }
  const filters: LabelFilter[] = []
  while (cursor.isSymbol('|') && cursor.peek(1).type !== 'end' && !cursor.isWord('unwrap', 1)) {
    cursor.advance()
    filters.push(parseLabelFilter(cursor, 0))
    if (filters.length > MAX_STAGES) cursor.fail(`a query has at most ${MAX_STAGES} stages`, cursor.next.start)
  }
  return { label, conversion, filters }
}

/** Loki takes 100 labels at most. */
const MAX_MATCHERS = 100
/** Each is a pass over every line. */
const MAX_STAGES = 100
/** Each is a pass over the lines that are left. */
const MAX_ALTERNATIVES = 100
/** The reading recurses; people nest two deep. */
const MAX_FILTER_DEPTH = 32
const CONVERSIONS = ['bytes', 'duration', 'duration_seconds'] as const
const LINE_OPS: readonly LineFilter['op'][] = ['|=', '|~', '!=', '!~']
const MATCH_OPS: readonly MatchOp[] = ['=', '!=', '=~', '!~']
const COMPARE_OPS: readonly CompareOp[] = ['==', '!=', '>', '>=', '<', '<=']

function parseStage(cursor: TokenCursor): Stage | undefined {
  const token = cursor.next
  const op = token.type === 'symbol' ? LINE_OPS.find((candidate) => candidate === token.text) : undefined
  if (op !== undefined) return parseLineFilter(cursor, op)
  if (cursor.isSymbol('|>') || cursor.isSymbol('!>')) cursor.fail('filters by pattern (|>, !>) are not supported; write |~ with a regular expression', token.start)
  if (!cursor.isSymbol('|') || cursor.isWord('unwrap', 1)) return undefined
  cursor.advance()
  const word = cursor.next
  // A label may be called as a stage is.
  const stage = word.type === 'name' ? word.text.toLowerCase() : ''
  const isComparison = [...MATCH_OPS, ...COMPARE_OPS].some((candidate) => cursor.isSymbol(candidate, 1) && !(BARE_STAGES.has(stage) && (candidate === '!=' || candidate === '!~')))
  const parse = isComparison ? undefined : STAGES.get(stage)
  if (parse === undefined) return { type: 'label-filter', filter: parseLabelFilter(cursor, 0) }
  cursor.advance()
  return parse(cursor)
}

/** These may stand alone: behind them `!=` begins a line filter. */
const BARE_STAGES: ReadonlySet<string> = new Set(['json', 'logfmt', 'unpack', 'decolorize'])

const STAGES: ReadonlyMap<string, (cursor: TokenCursor) => Stage> = new Map<string, (cursor: TokenCursor) => Stage>(Object.entries({
  json: (cursor) => ({ type: 'json', fields: parseExtractions(cursor) }),
  logfmt: (cursor) => {
    const flags = new Set<string>()
    for (let token = cursor.next; token.type === 'flag'; token = cursor.next) {
      if (token.text !== '--strict' && token.text !== '--keep-empty') cursor.fail('logfmt has the flags --strict and --keep-empty')
      flags.add(token.text)
      cursor.advance()
    }
    return { type: 'logfmt', isStrict: flags.has('--strict'), keepsEmpty: flags.has('--keep-empty'), fields: parseExtractions(cursor) }
  },
  regexp: (cursor) => ({ type: 'regexp', pattern: cursor.expectString('a regular expression') }),
  pattern: (cursor) => ({ type: 'pattern', pattern: cursor.expectString('a pattern') }),
  unpack: () => ({ type: 'unpack' }),
  decolorize: () => ({ type: 'decolorize' }),
  line_format: (cursor) => ({ type: 'line-format', template: parseTemplateText(cursor) }),
  label_format: parseLabelFormat,
  drop: (cursor) => parseSelection(cursor, 'drop'),
  keep: (cursor) => parseSelection(cursor, 'keep'),
  xml: (cursor) => cursor.fail('the stage xml is not supported', cursor.next.start),
} satisfies Readonly<Record<string, (cursor: TokenCursor) => Stage>>))

function parseLineFilter(cursor: TokenCursor, op: LineFilter['op']): LineFilter {
  cursor.advance()
  const values: string[] = []
  do {
    if (cursor.isWord('ip') && cursor.isSymbol('(', 1)) cursor.fail('ip() is not supported; write a regular expression', cursor.next.start)
    if (values.length >= MAX_ALTERNATIVES) cursor.fail(`a line filter has at most ${MAX_ALTERNATIVES} alternatives`, cursor.next.start)
    values.push(cursor.expectString('the text'))
  } while (cursor.isWord('or') && cursor.peek(1).type === 'string' && cursor.takeWord('or'))
  return { type: 'line-filter', op, values }
}

function parseExtractions(cursor: TokenCursor): readonly Extraction[] {
  const fields: Extraction[] = []
  while (cursor.next.type === 'name') {
    if (fields.length >= MAX_MATCHERS) cursor.fail(`a parser takes at most ${MAX_MATCHERS} labels`, cursor.next.start)
    const label = cursor.expectName('a label')
    fields.push({ label, path: cursor.takeSymbol('=') ? cursor.expectString('the path') : label })
    if (!cursor.takeSymbol(',')) break
    if (cursor.next.type !== 'name') cursor.fail('expecting a label')
  }
  return fields
}

function parseLabelFormat(cursor: TokenCursor): LabelFormat {
  const formats: LabelFormat['formats'][number][] = []
  do {
    if (formats.length >= MAX_MATCHERS) cursor.fail(`label_format takes at most ${MAX_MATCHERS} labels`, cursor.next.start)
    const { start } = cursor.next
    const name = cursor.expectName('a label')
    if (formats.some((other) => other.name === name)) cursor.fail(`multiple label name "${name}" not allowed in a single format operation`, start)
    cursor.expectSymbol('=')
    formats.push(cursor.next.type === 'string' ? { name, template: parseTemplateText(cursor) } : { name, from: cursor.expectName('a label or a template') })
  } while (cursor.takeSymbol(','))
  return { type: 'label-format', formats }
}

function parseTemplateText(cursor: TokenCursor): string {
  const { start } = cursor.next
  const template = cursor.expectString('a template')
  const problem = checkTemplate(template)
  if (problem !== undefined) cursor.fail(`invalid template: ${problem}`, start)
  return template
}

function parseSelection(cursor: TokenCursor, type: LabelSelection['type']): LabelSelection {
  const labels: LabelSelection['labels'][number][] = []
  do {
    if (labels.length >= MAX_MATCHERS) cursor.fail(`${type} takes at most ${MAX_MATCHERS} labels`, cursor.next.start)
    const hasMatcher = MATCH_OPS.some((op) => cursor.isSymbol(op, 1))
    if (hasMatcher) {
      const matcher = parseMatcher(cursor)
      labels.push({ name: matcher.name, matcher })
    } else labels.push({ name: cursor.expectName('a label'), matcher: undefined })
  } while (cursor.takeSymbol(','))
  return { type, labels }
}

function parseMatcher(cursor: TokenCursor): Matcher {
  const name = cursor.expectName('a label')
  const op = MATCH_OPS.find((candidate) => cursor.isSymbol(candidate))
  if (op === undefined) cursor.fail('expecting one of =, !=, =~, !~')
  cursor.advance()
  return { name, op, value: cursor.expectString('a value') }
}

/** `a or b and c`: and binds closer; a comma is an and. */
function parseLabelFilter(cursor: TokenCursor, depth: number): LabelFilter {
  let left = parseAndFilter(cursor, depth)
  for (let count = 1; cursor.takeWord('or'); count++) {
    if (count > MAX_ALTERNATIVES) cursor.fail(`a label filter has at most ${MAX_ALTERNATIVES} alternatives`, cursor.next.start)
    left = { type: 'or', left, right: parseAndFilter(cursor, depth) }
  }
  return left
}

function parseAndFilter(cursor: TokenCursor, depth: number): LabelFilter {
  let left = parseOneFilter(cursor, depth)
  for (let count = 1; cursor.takeWord('and') || cursor.takeSymbol(',') || startsFilter(cursor); count++) {
    if (count > MAX_ALTERNATIVES) cursor.fail(`a label filter has at most ${MAX_ALTERNATIVES} conditions`, cursor.next.start)
    left = { type: 'and', left, right: parseOneFilter(cursor, depth) }
  }
  return left
}

/** Two filters side by side are joined by and. */
function startsFilter(cursor: TokenCursor): boolean {
  return cursor.next.type === 'name' && !cursor.isWord('or') && [...MATCH_OPS, ...COMPARE_OPS].some((op) => cursor.isSymbol(op, 1))
}

function parseOneFilter(cursor: TokenCursor, depth: number): LabelFilter {
  if (depth > MAX_FILTER_DEPTH) cursor.fail(`a label filter nests at most ${MAX_FILTER_DEPTH} deep`, cursor.next.start)
  if (cursor.takeSymbol('(')) {
    const filter = parseLabelFilter(cursor, depth + 1)
    cursor.expectSymbol(')')
    return filter
  }
  const name = cursor.expectName('a stage or a label')
  const token = cursor.next
  const op = token.type === 'symbol' ? token.text : ''
  if (cursor.peek(1).type === 'string') {
    const match = MATCH_OPS.find((candidate) => candidate === op)
    if (match === undefined) cursor.fail('a text is compared with =, !=, =~ or !~')
    cursor.advance()
    return { type: 'match', matcher: { name, op: match, value: cursor.expectString('a value') } }
  }
  const compare = op === '=' ? '==' : COMPARE_OPS.find((candidate) => candidate === op)
  if (compare === undefined) cursor.fail('expecting a comparison with a text in quotes, a number, a duration or a size')
  cursor.advance()
  if (cursor.isWord('ip') && cursor.isSymbol('(', 1)) cursor.fail('ip() is not supported; write a regular expression', cursor.next.start)
  return { type: 'compare', name, op: compare, ...parseQuantity(cursor) }
}

function parseQuantity(cursor: TokenCursor): Pick<LabelComparison, 'unit' | 'value'> {
  const isNegative = cursor.isSymbol('-')
  const token = cursor.peek(isNegative || cursor.isSymbol('+') ? 1 : 0)
  const sign = isNegative ? -1 : 1
  if (token.type === 'duration') {
    if (token !== cursor.next) cursor.advance()
    cursor.advance()
    return { unit: 'duration', value: sign * Number(token.ns) }
  }
  if (token.type === 'bytes' && token === cursor.next) {
    cursor.advance()
    return { unit: 'bytes', value: token.value }
  }
  return { unit: 'number', value: cursor.expectNumber() }
}
