import type { Grouping, LabelFilter, LogExpr, LogqlExpr, Matcher, Stage, Unwrap } from './ast.ts'
import { durationText } from './quantities.ts'

/** The query that `parseLogql` reads as `expr`, written in one way. */
export function printLogql(expr: LogqlExpr): string {
  switch (expr.type) {
    case 'log':
      return printLog(expr)
    case 'literal':
      return printNumber(expr.value)
    case 'vector':
      return `vector(${printNumber(expr.value)})`
    case 'range': {
      const { op, log, rangeNs, offsetNs, unwrap, parameter, grouping } = expr
      const offset = offsetNs === 0n ? '' : ` offset ${offsetNs < 0n ? '-' : ''}${durationText(offsetNs < 0n ? -offsetNs : offsetNs)}`
      return `${op}(${parameter === undefined ? '' : `${printNumber(parameter)}, `}${printLog(log)}${printUnwrap(unwrap)} [${durationText(rangeNs)}]${offset})${printGrouping(grouping)}`
    }
    case 'vector-aggregation':
      return `${expr.op}${printGrouping(expr.grouping)}(${expr.parameter === undefined ? '' : `${printNumber(expr.parameter)}, `}${printLogql(expr.expr)})`
    case 'binary':
      return `(${printLogql(expr.left)} ${expr.op}${expr.isBool ? ' bool' : ''} ${printLogql(expr.right)})`
    case 'label-replace':
      return `label_replace(${printLogql(expr.expr)}, ${[expr.target, expr.replacement, expr.source, expr.pattern].map(quote).join(', ')})`
  }
}

function printLog({ matchers, stages }: LogExpr): string {
  return [`{${matchers.map(printMatcher).join(', ')}}`, ...stages.map((stage, index) => printStage(stage) + (wouldTake(stage, stages[index + 1]) ? ' |= ""' : ''))].join(' ')
}

/** `| drop a != "b"` would read the line filter as a part of the stage; a filter that all lines pass stands between. */
function wouldTake(stage: Stage, next: Stage | undefined): boolean {
  return (stage.type === 'drop' || stage.type === 'keep') && stage.labels.at(-1)?.matcher === undefined && next?.type === 'line-filter' && (next.op === '!=' || next.op === '!~')
}

function printMatcher({ name, op, value }: Matcher): string {
  return `${name}${op}${quote(value)}`
}

function printStage(stage: Stage): string {
  switch (stage.type) {
    case 'line-filter':
      return `${stage.op} ${stage.values.map(quote).join(' or ')}`
    case 'json':
      return `| json${printFields(stage.fields)}`
    case 'logfmt':
      return `| logfmt${stage.isStrict ? ' --strict' : ''}${stage.keepsEmpty ? ' --keep-empty' : ''}${printFields(stage.fields)}`
    case 'regexp':
    case 'pattern':
      return `| ${stage.type} ${quote(stage.pattern)}`
    case 'unpack':
    case 'decolorize':
      return `| ${stage.type}`
    case 'label-filter':
      return `| ${printFilter(stage.filter)}`
    case 'line-format':
      return `| line_format ${quote(stage.template)}`
    case 'label-format':
      return `| label_format ${stage.formats.map((format) => `${format.name}=${'from' in format ? format.from : quote(format.template)}`).join(', ')}`
    case 'drop':
    case 'keep':
      return `| ${stage.type} ${stage.labels.map(({ name, matcher }) => (matcher === undefined ? name : printMatcher(matcher))).join(', ')}`
  }
}

function printFields(fields: readonly { readonly label: string; readonly path: string }[]): string {
  return fields.length === 0 ? '' : ` ${fields.map(({ label, path }) => `${label}=${quote(path)}`).join(', ')}`
}

function printFilter(filter: LabelFilter): string {
  switch (filter.type) {
    case 'match':
      return printMatcher(filter.matcher)
    case 'compare':
      return `${filter.name} ${filter.op} ${filter.unit === 'duration' ? `${filter.value}ns` : filter.unit === 'bytes' ? `${filter.value}B` : printNumber(filter.value)}`
    default:
      return `(${printFilter(filter.left)} ${filter.type} ${printFilter(filter.right)})`
  }
}

function printUnwrap(unwrap: Unwrap | undefined): string {
  if (unwrap === undefined) return ''
  const { label, conversion, filters } = unwrap
  return [` | unwrap ${conversion === undefined ? label : `${conversion}(${label})`}`, ...filters.map((filter) => `| ${printFilter(filter)}`)].join(' ')
}

function printGrouping(grouping: Grouping | undefined): string {
  return grouping === undefined ? '' : ` ${grouping.isWithout ? 'without' : 'by'} (${grouping.labels.join(', ')})`
}

function printNumber(value: number): string {
  return String(value)
}

function quote(text: string): string {
  return `"${text.replace(/["\\\n\r\t\p{C}]/gu, (character) => PRINTED[character] ?? `\\U${(character.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}`)}"`
}

const PRINTED: Readonly<Record<string, string>> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }
