import { compileRegex } from '@millrace/query-engine/patterns/regex'
import type { LabelComparison, LabelFilter, LineFilter, Matcher, Stage } from '@millrace/query-language/logql/ast'
import { parseBytes, parseDurationNs } from '@millrace/query-language/logql/quantities'
import type { Entry } from './entry.ts'
import { anchoredRegex } from './lower.ts'
import { createParser } from './parsers.ts'
import { createTemplate } from './template.ts'

/** Takes an entry through stages. @returns false when one of them leaves it out. */
export type Pipeline = (entry: Entry) => boolean

/** @throws {BadQuestionError} @throws {BadPatternError} */
export function createPipeline(stages: readonly Stage[]): Pipeline {
  const steps = stages.map(createStep)
  return (entry) => steps.every((step) => step(entry))
}

/** @throws {BadPatternError} */
export function createLabelFilter(filter: LabelFilter): Pipeline {
  if (filter.type === 'match') {
    const { name } = filter.matcher
    const isNegative = filter.matcher.op.startsWith('!')
    const isSo = positivePredicate(filter.matcher)
    return (entry) => entry.hasLabel(name, isSo) !== isNegative
  }
  if (filter.type === 'compare') return createComparison(filter)
  const [left, right] = [createLabelFilter(filter.left), createLabelFilter(filter.right)]
  return filter.type === 'and' ? (entry) => left(entry) && right(entry) : (entry) => left(entry) || right(entry)
}

/** The value of a label as a number: NaN for what is none, or is not there. */
export function numberOf(text: string, unit: LabelComparison['unit']): number {
  if (unit === 'duration') {
    const ns = parseDurationNs(text)
    return ns === undefined ? NaN : Number(ns)
  }
  if (unit === 'bytes') return parseBytes(text) ?? NaN
  return /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : NaN
}

function createStep(stage: Stage): Pipeline {
  switch (stage.type) {
    case 'line-filter':
      return createLineFilter(stage)
    case 'label-filter':
      return createLabelFilter(stage.filter)
    case 'json':
    case 'logfmt':
    case 'regexp':
    case 'pattern':
    case 'unpack':
      return always(createParser(stage))
    case 'line-format': {
      const template = createTemplate(stage.template)
      return always((entry) => { entry.line = template(entry) })
    }
    case 'label-format': {
      const formats = stage.formats.map((format) => ({ ...format, render: 'template' in format ? createTemplate(format.template) : undefined }))
      return always((entry) => {
        for (const format of formats) {
          if (format.render !== undefined) entry.assign(format.name, format.render(entry))
          else if ('from' in format && entry.label(format.from) !== '') {
            const value = entry.label(format.from)
            entry.remove(format.from)
            entry.assign(format.name, value)
          }
        }
      })
    }
    case 'decolorize':
      return always((entry) => { entry.line = entry.line.replace(COLORS, '') })
    case 'drop': {
      const labels = stage.labels.map(withPredicate)
      return always((entry) => {
        for (const { name, holds } of labels) if (holds(entry)) entry.remove(name)
      })
    }
    case 'keep': {
      const labels = stage.labels.map(withPredicate)
      return always((entry) => {
        for (const name of entry.names()) if (!name.startsWith('__') && !labels.some((label) => label.name === name && label.holds(entry))) entry.remove(name)
      })
    }
  }
}

/** What terminals take as colours. */
const COLORS = /\u001b\[[0-9;]*m/g

function always(change: (entry: Entry) => void): Pipeline {
  return (entry) => {
    change(entry)
    return true
  }
}

function withPredicate({ name, matcher }: { readonly name: string; readonly matcher: Matcher | undefined }): { readonly name: string; readonly holds: Pipeline } {
  return { name, holds: matcher === undefined ? () => true : createLabelFilter({ type: 'match', matcher }) }
}

function createLineFilter({ op, values }: LineFilter): Pipeline {
  const isNegative = op.startsWith('!')
  const tests = op === '|=' || op === '!=' ? values.map((value) => (line: string) => line.includes(value)) : values.map((value) => {
    const regex = compileRegex(value)
    return (line: string) => regex.test(line)
  })
  return (entry) => tests.some((test) => test(entry.line)) !== isNegative
}

/** What `=` and `=~` ask, for `!=` and `!~` too. */
function positivePredicate({ op, value }: Matcher): (text: string) => boolean {
  if (op === '=' || op === '!=') return (text) => text === value
  const regex = compileRegex(anchoredRegex(value))
  return (text) => regex.test(text)
}

/** A value that is no number, duration or size is in no comparison. */
function createComparison({ name, op, unit, value }: LabelComparison): Pipeline {
  const compare = COMPARISONS[op]
  return (entry) => entry.hasLabel(name, (text) => compare(numberOf(text, unit), value))
}

const COMPARISONS: Readonly<Record<LabelComparison['op'], (left: number, right: number) => boolean>> = {
  '==': (left, right) => left === right,
  '!=': (left, right) => !Number.isNaN(left) && left !== right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
}
