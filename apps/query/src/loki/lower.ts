import type { Facet, QueryAst, ValuePattern } from '@millrace/query-language/ast'
import type { LabelComparison, LabelFilter, LineFilter, LogExpr, Matcher, Stage } from '@millrace/query-language/logql/ast'
import { compileRegex } from '@millrace/query-engine/patterns/regex'
import { isReservedLabel, sourceOf } from './labels.ts'
import { BadQuestionError } from '../read-question.ts'

/** A query over lines as the engine takes it, and what is left to do with each event that it finds. */
export interface LoweredLog {
  /** Finds exactly the events that the selector and the stages gone from `rest` let through. */
  readonly filter: QueryAst
  readonly rest: readonly Stage[]
}

/**
 * Moves what it can into the engine's filter: the selector; line filters up to where lines are changed; label filters up to where their labels are.
 *
 * @param hasStreamLabels every event is known to have the labels that are {@link isExtractable}, so that a parser cannot set them.
 * @throws {BadQuestionError} @throws {BadPatternError}
 */
export function lowerLog({ matchers, stages }: LogExpr, hasStreamLabels = false): LoweredLog {
  const nodes: QueryAst[] = matchers.map(lowerMatcher)
  const rest: Stage[] = []
  let isLineChanged = false
  const changed = new ChangedLabels()
  for (const stage of stages) {
    const state = stage.type === 'label-filter' && isLowerable(stage.filter) ? changed.stateOf(labelsOf(stage.filter)) : 'changed'
    if (stage.type === 'line-filter' && !isLineChanged) nodes.push(lowerLineFilter(stage))
    else if (stage.type === 'label-filter' && (state === 'same' || (state === 'same-if-present' && hasStreamLabels))) nodes.push(lowerLabelFilter(stage.filter))
    else {
      rest.push(stage)
      // Those events at which a parser cannot have changed the outcome need not be looked at.
      if (stage.type === 'label-filter' && state === 'same-if-present') nodes.push(or([lowerLabelFilter(stage.filter), lacksAny(labelsOf(stage.filter).filter(isExtractable))]))
    }
    isLineChanged ||= stage.type === 'line-format' || stage.type === 'decolorize' || stage.type === 'unpack'
    changed.note(stage)
  }
  const filter = and(nodes)
  if (sizeOf(filter) > MAX_FILTER_NODES) throw new BadQuestionError(`the query asks for too much at once: its labels and values make more than ${MAX_FILTER_NODES} conditions`)
  return { filter, rest }
}

/** Reserved labels that a parser sets where an event does not have them. */
export function isExtractable(label: string): boolean {
  return isReservedLabel(label) && sourceOf(label).missing === ''
}

/** Events without one of these reserved labels. */
export function lacksAny(labels: readonly string[]): QueryAst {
  return or(labels.flatMap((label) => sourceOf(label).facets.map((facet) => lacksAll([facet]))))
}

/** Events that have all of these reserved labels. */
export function hasAll(labels: readonly string[]): QueryAst {
  return not(lacksAny(labels))
}

/** Events that have none of the facets; an empty value is none. */
export function lacksAll(facets: readonly Facet[]): QueryAst {
  return not(or(facets.map((facet) => and([{ type: 'exists', facet }, not(isEmpty(facet))]))))
}

function isEmpty(facet: Facet): QueryAst {
  return { type: 'term', facet, pattern: { kind: 'exact', text: '', isQuoted: true } }
}

/** Both. */
export function bothFilters(one: QueryAst, other: QueryAst): QueryAst {
  return and([one, other])
}

/** `{app="a"}`. */
export function lowerMatchers(matchers: readonly Matcher[]): QueryAst {
  return lowerLog({ type: 'log', matchers, stages: [] }).filter
}

/** Labels that a filter looks at. */
export function labelsOf(filter: LabelFilter): readonly string[] {
  if (filter.type === 'match') return [filter.matcher.name]
  if (filter.type === 'compare') return [filter.name]
  return [...labelsOf(filter.left), ...labelsOf(filter.right)]
}

/** Labels that may no longer be what an event has. */
export class ChangedLabels {
  readonly #names = new Set<string>()
  #areExtracted = false
  #areAll = false

  /** Whether the labels are what the event has; `same-if-present`: where it has them. */
  stateOf(labels: readonly string[]): 'same' | 'same-if-present' | 'changed' {
    if (labels.some((label) => this.#areAll || this.#names.has(label) || label.startsWith('__') || (this.#areExtracted && !isReservedLabel(label)))) return 'changed'
    return this.#areExtracted && labels.some(isExtractable) ? 'same-if-present' : 'same'
  }

  note(stage: Stage): void {
    switch (stage.type) {
      case 'json':
      case 'logfmt':
        if (stage.fields.length === 0) this.#areExtracted = true
        for (const { label } of stage.fields) if (label !== 'service_name') this.#names.add(label).add(`${label}_extracted`)
        break
      case 'regexp':
      case 'pattern':
      case 'unpack':
        this.#areExtracted = true
        break
      case 'label-format':
        for (const format of stage.formats) {
          this.#names.add(format.name)
          if ('from' in format) this.#names.add(format.from)
        }
        break
      case 'drop':
        for (const { name } of stage.labels) this.#names.add(name)
        break
      case 'keep':
        this.#areAll = true
        break
      case 'line-filter':
      case 'label-filter':
      case 'line-format':
      case 'decolorize':
    }
  }
}

/** Some thousand conditions are checked in the time that a fragment takes to decode. */
const MAX_FILTER_NODES = 5_000
const MESSAGE: Facet = { kind: 'reserved', name: 'message' }
const NOTHING: QueryAst = { type: 'not', node: { type: 'all' } }

function lowerMatcher({ name, op, value }: Matcher): QueryAst {
  const isPositive = op === '=' || op === '=~'
  const positive = op === '=' || op === '!=' ? lowerValue(name, [value]) : lowerRegex(name, value)
  return isPositive ? positive : not(positive)
}

function lowerRegex(name: string, source: string): QueryAst {
  // Variables with several values are written so, and may be long.
  if (PLAIN_ALTERNATIVES.test(source)) return lowerValue(name, source.split('|'))
  const { facets, fallback, missing } = sourceOf(name)
  if (source === '.*' || (source === '.+' && missing !== '')) return { type: 'all' }
  const anchored = anchoredRegex(source)
  const matchesMissing = compileRegex(anchored).test(missing)
  const present = lowerPattern({ facets, fallback }, [{ kind: 'regex', source: anchored }], matchesMissing)
  // An empty value is as none, for which another text stands.
  return missing === '' || matchesMissing ? present : and([present, not(lacksAll(facets))])
}

const PLAIN_ALTERNATIVES = /^[\w /:@,;=<>!"'#%&~-]+(?:\|[\w /:@,;=<>!"'#%&~-]+)*$/

/** A matcher's regular expression is for the whole value. @throws {BadPatternError} it is none by itself, as `a)|(b`. */
export function anchoredRegex(source: string): string {
  compileRegex(source)
  return `^(?:${source})$`
}

function lowerValue(name: string, values: readonly string[]): QueryAst {
  const source = sourceOf(name)
  return lowerPattern(source, values.filter((value) => value !== '').map((text) => ({ kind: 'exact', text, isQuoted: true })), values.includes(source.missing))
}

/** An event's label has one of the patterns, or is missing where that is asked for. */
function lowerPattern({ facets, fallback }: { readonly facets: readonly Facet[]; readonly fallback: Facet | undefined }, patterns: readonly ValuePattern[], matchesMissing: boolean): QueryAst {
  const terms = (facet: Facet): readonly QueryAst[] => patterns.map((pattern) => ({ type: 'term', facet, pattern }))
  return or([
    ...facets.flatMap(terms),
    ...(fallback === undefined ? [] : [and([lacksAll(facets), or(terms(fallback))])]),
    ...(matchesMissing ? [lacksAll(fallback === undefined ? facets : [...facets, fallback])] : []),
  ])
}

function lowerLineFilter({ op, values }: LineFilter): QueryAst {
  const any = or(values.map((value): QueryAst => {
    const isRegex = op === '|~' || op === '!~'
    if (value === '' || (isRegex && value === '.*')) return { type: 'all' }
    const pattern: ValuePattern = isRegex ? { kind: 'regex', source: value } : { kind: 'wildcard', pieces: ['any', { literal: value }, 'any'] }
    const term: QueryAst = { type: 'term', facet: MESSAGE, pattern }
    // The line of an event without a message is empty.
    return isRegex && compileRegex(value).test('') ? or([term, not({ type: 'exists', facet: MESSAGE })]) : term
  }))
  return op === '|=' || op === '|~' ? any : not(any)
}

/** Durations and sizes have units, which the engine does not read. */
function isLowerable(filter: LabelFilter): boolean {
  if (filter.type === 'match') return true
  if (filter.type === 'compare') return filter.unit === 'number'
  return isLowerable(filter.left) && isLowerable(filter.right)
}

function lowerLabelFilter(filter: LabelFilter): QueryAst {
  if (filter.type === 'match') return lowerMatcher(filter.matcher)
  if (filter.type === 'compare') return lowerComparison(filter)
  return (filter.type === 'and' ? and : or)([lowerLabelFilter(filter.left), lowerLabelFilter(filter.right)])
}

function lowerComparison({ name, op, value }: LabelComparison): QueryAst {
  const { facets, fallback } = sourceOf(name)
  const range = (facet: Facet): QueryAst => {
    const bound = { value, isInclusive: op === '>=' || op === '<=' || op === '==' || op === '!=' }
    const equal: QueryAst = { type: 'range', facet, min: bound, max: bound }
    if (op === '==') return equal
    if (op === '!=') return and([{ type: 'range', facet, min: undefined, max: undefined }, not(equal)])
    const isLower = op === '>' || op === '>='
    return { type: 'range', facet, min: isLower ? bound : undefined, max: isLower ? undefined : bound }
  }
  const any = facets.map(range)
  return fallback === undefined ? or(any) : or([...any, and([lacksAll(facets), range(fallback)])])
}

/** Flat, as the engine's trees are. */
function and(nodes: readonly QueryAst[]): QueryAst {
  const flat = nodes.flatMap((node) => (node.type === 'and' ? node.nodes : node.type === 'all' ? [] : [node]))
  return flat.length === 0 ? { type: 'all' } : flat.length === 1 && flat[0] !== undefined ? flat[0] : { type: 'and', nodes: flat }
}

function or(nodes: readonly QueryAst[]): QueryAst {
  const flat = nodes.flatMap((node) => (node.type === 'or' ? node.nodes : isNothing(node) ? [] : [node]))
  if (flat.some(({ type }) => type === 'all')) return { type: 'all' }
  return flat.length === 0 ? NOTHING : flat.length === 1 && flat[0] !== undefined ? flat[0] : { type: 'or', nodes: flat }
}

function not(node: QueryAst): QueryAst {
  return node.type === 'not' ? node.node : { type: 'not', node }
}

function isNothing(node: QueryAst): boolean {
  return node.type === 'not' && node.node.type === 'all'
}

function sizeOf(node: QueryAst): number {
  if (node.type === 'and' || node.type === 'or') return node.nodes.reduce((size, inner) => size + sizeOf(inner), 1)
  return node.type === 'not' ? 1 + sizeOf(node.node) : 1
}
