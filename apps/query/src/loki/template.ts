import { parseTemplate, type TemplateFunction, type TemplatePart, type TemplateValue } from '@millrace/query-language/logql/template'
import type { Entry } from './entry.ts'

/** Makes the texts of a template. @throws {TemplateError} */
export function createTemplate(text: string): (entry: Entry) => string {
  const parts = parseTemplate(text)
  return (entry) => {
    const out: string[] = []
    render(parts, entry, out)
    return out.join('').slice(0, MAX_RENDERED_LENGTH)
  }
}

/** As long as an event may be: `repeat` in `repeat` makes gigabytes. */
export const MAX_RENDERED_LENGTH = 1024 * 1024

function render(parts: readonly TemplatePart[], entry: Entry, out: string[]): void {
  for (const part of parts) {
    if (part.type === 'text') out.push(part.text)
    else if (part.type === 'value') out.push(valueOf(part.value, entry))
    else render(isTrue(valueOf(part.condition, entry)) ? part.then : part.otherwise, entry, out)
  }
}

function valueOf(value: TemplateValue, entry: Entry): string {
  switch (value.type) {
    case 'label':
      return entry.label(value.name)
    case 'line':
      return entry.line
    case 'constant':
      return value.text
    case 'call':
      return FUNCTIONS[value.name](...(value.arguments.map((argument) => valueOf(argument, entry)) as [string, string, string, string])).slice(0, MAX_RENDERED_LENGTH)
  }
}

/** All values are texts; those of comparisons are `true` and `false`. */
function isTrue(text: string): boolean {
  return text !== '' && text !== 'false'
}

const FUNCTIONS: Readonly<Record<TemplateFunction, (a: string, b: string, c: string, d: string) => string>> = {
  ToUpper: upper, upper, ToLower: lower, lower,
  title: (text) => text.replace(/(^|\s)(\p{Ll})/gu, (_, before: string, letter: string) => before + letter.toUpperCase()),
  trim: (text) => text.trim(), TrimSpace: (text) => text.trim(),
  trimPrefix: (prefix, text) => withoutPrefix(text, prefix), TrimPrefix: withoutPrefix,
  trimSuffix: (suffix, text) => withoutSuffix(text, suffix), TrimSuffix: withoutSuffix,
  trimAll: (characters, text) => trimmed(text, characters), Trim: trimmed,
  replace: (from, to, text) => replaced(text, from, to, Infinity),
  Replace: (text, from, to, count) => replaced(text, from, to, Number(count) < 0 ? Infinity : Number(count)),
  trunc: (count, text) => (Number(count) < 0 ? Array.from(text).slice(Number(count)) : Array.from(text).slice(0, Number(count))).join(''),
  substr: (start, end, text) => Array.from(text).slice(Math.max(0, Number(start)), Number(end) < 0 ? undefined : Number(end)).join(''),
  default: (fallback, text) => (text === '' ? fallback : text),
  contains: (part, text) => String(text.includes(part)),
  hasPrefix: (prefix, text) => String(text.startsWith(prefix)),
  hasSuffix: (suffix, text) => String(text.endsWith(suffix)),
  eq: (a, b) => String(a === b), ne: (a, b) => String(a !== b), not: (text) => String(!isTrue(text)),
  len: (text) => String(Buffer.byteLength(text)),
  indent, nindent: (count, text) => `\n${indent(count, text)}`,
  repeat: (count, text) => text.repeat(Math.max(0, Math.min(Math.trunc(Number(count)) || 0, Math.floor(MAX_RENDERED_LENGTH / Math.max(1, text.length))))),
  urlencode: (text) => encodeURIComponent(text.toWellFormed()).replaceAll('%20', '+'),
  urldecode: (text) => {
    try {
      return decodeURIComponent(text.replaceAll('+', ' '))
    } catch {
      return '' // as Loki answers for what is no encoding
    }
  },
  b64enc: (text) => Buffer.from(text, 'utf8').toString('base64'), b64dec: (text) => Buffer.from(text, 'base64').toString('utf8'),
}

function upper(text: string): string {
  return text.toUpperCase()
}

function lower(text: string): string {
  return text.toLowerCase()
}

function withoutPrefix(text: string, prefix: string): string {
  return text.startsWith(prefix) ? text.slice(prefix.length) : text
}

function withoutSuffix(text: string, suffix: string): string {
  return suffix !== '' && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text
}

function trimmed(text: string, characters: string): string {
  const all = Array.from(text)
  let [start, end] = [0, all.length]
  while (start < end && characters.includes(all[start] ?? '')) start++
  while (end > start && characters.includes(all[end - 1] ?? '')) end--
  return all.slice(start, end).join('')
}

function replaced(text: string, from: string, to: string, count: number): string {
  if (from === '') return text
  const parts = text.split(from)
  if (count >= parts.length - 1) return parts.join(to)
  return [parts.slice(0, count + 1).join(to), ...parts.slice(count + 1)].join(from)
}

function indent(count: string, text: string): string {
  const space = ' '.repeat(Math.max(0, Math.min(Number(count) || 0, MAX_INDENT)))
  return text.split('\n').map((line) => space + line).join('\n')
}

/** Wider than any screen. */
const MAX_INDENT = 1000
