import type { PlainValue } from '@millrace/fragment/plain-rows'
import { GROK_PATTERNS } from '../grok-patterns.ts'
import { compileLinearRegex, type LinearRegex } from '../linear-regex.ts'
import { BadPipelineError, type SettingsOf } from '../pipeline-document.ts'
import type { Processor } from '../processor.ts'
import { MAX_PARSED_LENGTH, putAttributes } from '../put-attributes.ts'
import { MAX_CALL_WORK } from '../work-budget.ts'

/** The first pattern that a text matches makes attributes of what its names stand for. */
export function createGrok({ from, to, overwrite, patterns, definitions = {} }: SettingsOf<'grok'>, place: string): Processor {
  const compiled = patterns.map((pattern, index) => compileGrok(pattern, definitions, to, `${place}.patterns[${index}]`))
  return {
    type: 'grok',
    async open(draft, { work }) {
      const texts = await draft.load(from)
      return (row) => {
        const text = texts[row]
        if (typeof text !== 'string') return 'same'
        if (text.length > MAX_PARSED_LENGTH) return 'failed'
        for (const { regex, fields } of compiled) {
          const cost = regex.states * text.length
          if (cost > MAX_CALL_WORK || !work.take(cost)) return 'failed'
          const attributes = matchFields(regex, fields, text)
          if (attributes !== undefined) return putAttributes(draft, row, attributes, overwrite)
        }
        return 'failed'
      }
    },
  }
}

interface Field {
  readonly name: string
  readonly type: 'text' | 'int' | 'float'
}

interface CompiledGrok {
  readonly regex: LinearRegex
  /** Of the groups, from the first. Several groups may have one name: those of alternatives. */
  readonly fields: readonly Field[]
}

/** `%{PATTERN:field:type}` in an expression of RE2. @throws {BadPipelineError} */
export function compileGrok(source: string, definitions: Readonly<Record<string, string>>, to: string | undefined, place: string): CompiledGrok {
  const fields: Field[] = []
  const group = (field: string, type: Field['type']): string => {
    fields.push({ name: to === undefined ? `@${field}` : `${to}.${field}`, type })
    if (fields.length > MAX_FIELDS) throw new BadPipelineError(`${place}: a pattern has at most ${MAX_FIELDS} fields`)
    return `(?P<g${fields.length}>`
  }
  let length = 0
  const expand = (text: string, depth: number): string => {
    if (depth > MAX_NESTING) throw new BadPipelineError(`${place}: patterns name each other more than ${MAX_NESTING} times`)
    return text.replace(GROK_NAME, (_, pattern: string | undefined, field: string | undefined, type: string | undefined, named: string | undefined) => {
      if (pattern === undefined) return group(named ?? '', 'text')
      const found = Object.hasOwn(definitions, pattern) ? definitions[pattern] : Object.hasOwn(GROK_PATTERNS, pattern) ? GROK_PATTERNS[pattern] : undefined
      if (found === undefined) throw new BadPipelineError(`${place}: there is no pattern ${pattern}`)
      if (type !== undefined && type !== 'int' && type !== 'float') throw new BadPipelineError(`${place}: ${pattern} has the type ${type}; there are int and float`)
      if ((length += found.length) > MAX_EXPANSION) throw new BadPipelineError(`${place}: the pattern becomes too long when its names are replaced`)
      const open = field === undefined ? '(?:' : group(field, type ?? 'text')
      return `${open}${expand(found, depth + 1)})`
    })
  }
  return { regex: compileLinearRegex(expand(source, 0), place), fields }
}

/** `%{PATTERN:field:type}`, or the beginning of a group with a name of its own. */
const GROK_NAME = /%\{(\w{1,50})(?::([\w@.-]{1,200}))?(?::(\w{1,20}))?\}|\(\?P?<([A-Za-z_][\w.]{0,199})>/g
const MAX_NESTING = 20
const MAX_FIELDS = 100
/** Characters: names within names multiply. */
const MAX_EXPANSION = 20_000

function matchFields({ matcher }: LinearRegex, fields: readonly Field[], text: string): [string, PlainValue][] | undefined {
  const match = matcher(text)
  if (!match.find()) return undefined
  const attributes: [string, PlainValue][] = []
  for (const [index, { name, type }] of fields.entries()) {
    const value = match.group(`g${index + 1}`) as string | null
    if (value !== null) attributes.push([name, type === 'text' ? value : typed(value, type)])
  }
  return attributes
}

function typed(text: string, type: 'int' | 'float'): PlainValue {
  const number = type === 'int' ? (/^[+-]?\d+$/.test(text) ? Number(text) : NaN) : Number(text)
  if (!Number.isFinite(number)) return text
  return type === 'int' && !Number.isSafeInteger(number) ? { numeral: text.replace(/^\+/, '') } : number
}
