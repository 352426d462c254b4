import { RE2JS, RE2JSException } from 're2js'
import type { Extraction, ParserStage } from '@millrace/query-language/logql/ast'
import { parseExactly, plainText, type Entry } from './entry.ts'
import { BadQuestionError } from '../read-question.ts'

/** Reads an entry's line into labels; what cannot be read gives it `__error__`. */
export type Parse = (entry: Entry) => void

/** @throws {BadQuestionError} a path, pattern or regular expression is none. */
export function createParser(stage: ParserStage): Parse {
  switch (stage.type) {
    case 'json':
      return stage.fields.length === 0 ? parseJson : createJsonFields(stage.fields)
    case 'logfmt':
      return createLogfmt(stage)
    case 'regexp':
      return createRegexp(stage.pattern)
    case 'pattern':
      return createPattern(stage.pattern)
    case 'unpack':
      return unpack
  }
}

/** Marks an entry as one that a stage could not work on. The first error stays. */
export function fail(entry: Entry, error: string, details: string): void {
  if (entry.parsed.has('__error__')) return
  entry.parsed.set('__error__', error)
  entry.parsed.set('__error_details__', details)
}

/** As Loki takes names: what a label may not have becomes an underscore. */
export function labelName(text: string): string {
  const name = text.replace(/[^A-Za-z0-9_]/g, '_')
  return /^\d/.test(name) ? `_${name}` : name
}

/** JSON nests deeper only to hurt. */
const MAX_JSON_DEPTH = 100

function parseJson(entry: Entry): void {
  const value = objectOf(entry)
  if (value !== undefined) visitJson(value, (name, inner) => { entry.extract(name, plainText(inner)) })
}

/** The object that a line is; undefined, with `__error__`, for any other. */
export function objectOf(entry: Entry): Readonly<Record<string, unknown>> | undefined {
  try {
    // Most lines that are no JSON show it at once, and an exception costs more than all else.
    const value = entry.line.trimStart().startsWith('{') ? parseExactly(entry.line) : undefined
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>
    fail(entry, 'JSONParserErr', 'the line is no JSON object')
  } catch (error) {
    fail(entry, 'JSONParserErr', error instanceof Error ? error.message : 'the line is no JSON')
  }
  return undefined
}

/** Visits what `json` makes labels of: nested keys are joined by `_`, arrays left out. */
export function visitJson(value: Readonly<Record<string, unknown>>, take: (name: string, value: unknown, path: readonly string[]) => void, prefix = '', path: readonly string[] = []): void {
  for (const [key, inner] of Object.entries(value)) {
    const name = prefix === '' ? labelName(key) : `${prefix}_${labelName(key).replace(/^_(?=\d)/, '')}`
    const innerPath = [...path, key]
    if (isPlainObject(inner)) {
      if (path.length < MAX_JSON_DEPTH) visitJson(inner, take, name, innerPath)
    } else if (!Array.isArray(inner) && inner !== null && name !== '') take(name, inner, innerPath)
  }
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

function createJsonFields(fields: readonly Extraction[]): Parse {
  const paths = fields.map(({ label, path }) => ({ label, keys: keysOfPath(path) }))
  return (entry) => {
    const root = objectOf(entry)
    for (const { label, keys } of paths) {
      let value: unknown = root
      for (const key of keys) value = typeof key === 'number' ? (Array.isArray(value) ? (value as readonly unknown[])[key] : undefined) : isPlainObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
      if (value !== undefined && value !== null) entry.extract(label, plainText(value))
    }
  }
}

/** `a.b[0]["c d"]`. @throws {BadQuestionError} */
function keysOfPath(path: string): readonly (string | number)[] {
  const keys: (string | number)[] = []
  const pattern = /(?:^|\.)([A-Za-z_][\w-]*)|\[(\d{1,6})\]|\["((?:[^"\\]|\\.)*)"\]/y
  while (pattern.lastIndex < path.length) {
    const [, name, index, quoted] = pattern.exec(path) ?? []
    if (name === undefined && index === undefined && quoted === undefined) throw new BadQuestionError(`cannot parse expression [${path}]: a path is written a.b[0]["c"]`)
    keys.push(name ?? (index === undefined ? (quoted ?? '').replace(/\\(.)/g, '$1') : Number(index)))
  }
  if (keys.length === 0) throw new BadQuestionError('cannot parse expression []: a path is needed')
  return keys
}

function createLogfmt({ isStrict, keepsEmpty, fields }: Extract<ParserStage, { readonly type: 'logfmt' }>): Parse {
  return (entry) => {
    const wanted = fields.length === 0 ? undefined : new Map<string, string>()
    const isClean = readLogfmt(entry.line, (key, value) => {
      if (wanted !== undefined) wanted.set(key, value)
      else if (value !== '' || keepsEmpty) entry.extract(labelName(key), value)
    })
    for (const { label, path } of fields) {
      const value = wanted?.get(path)
      if (value !== undefined && (value !== '' || keepsEmpty)) entry.extract(label, value)
    }
    if (!isClean && isStrict) fail(entry, 'LogfmtParserErr', 'the line is no logfmt')
  }
}

/** Reads `key=value key="quoted value" key`. @returns false when something in it is not so; it is skipped. */
export function readLogfmt(line: string, take: (key: string, value: string) => void): boolean {
  let isClean = true
  const pattern = /[\s]*(?:([^\s="]+)(?:=(?:"((?:[^"\\]|\\[^])*)"(?=\s|$)|([^\s"]*)(?=\s|$)|(\S*)))?|(\S+))/y
  while (pattern.lastIndex < line.length) {
    const match = pattern.exec(line)
    if (match === null) break // only white space is left
    const [, key, quoted, bare, bad, junk] = match
    if (key === undefined || bad !== undefined || junk !== undefined) isClean = false
    else take(key, quoted === undefined ? (bare ?? '') : quoted.replace(/\\([^])/g, (_, escaped: string) => ({ n: '\n', t: '\t', r: '\r' })[escaped] ?? escaped))
  }
  return isClean
}

function createRegexp(source: string): Parse {
  const regex = compiled(source)
  const names = Object.keys(regex.namedGroups())
  if (names.length === 0) throw new BadQuestionError('at least one named capture must be supplied to regexp: (?P<name>…)')
  const invalid = names.find((name) => labelName(name) !== name)
  if (invalid !== undefined) throw new BadQuestionError(`invalid extracted label name '${invalid}'`)
  return (entry) => {
    const matcher = regex.matcher(entry.line)
    if (!matcher.find()) return
    for (const name of names) {
      const value = matcher.group(name)
      if (value !== null) entry.extract(name, value)
    }
  }
}

/** @throws {BadQuestionError} */
export function compiled(source: string): RE2JS {
  if (source.length > MAX_REGEX_LENGTH) throw new BadQuestionError(`a regular expression has at most ${MAX_REGEX_LENGTH} characters`)
  try {
    return RE2JS.compile(source)
  } catch (cause) {
    if (!(cause instanceof RE2JSException)) throw cause
    throw new BadQuestionError(`the regular expression ${JSON.stringify(source)} cannot be used: ${cause.message}`, { cause })
  }
}

/** Bounds the automaton, as in the engine. */
const MAX_REGEX_LENGTH = 1000

/** `<ip> - <_> "<method> <path>"`: captures with texts between them, from the begin of the line. */
function createPattern(source: string): Parse {
  const parts = source.split(/(<[A-Za-z_]\w*>)/).filter((part) => part !== '').map((part) => ({ name: /^<(\w+)>$/.exec(part)?.[1], text: part }))
  const names = parts.flatMap(({ name }) => (name === undefined || name === '_' ? [] : [name]))
  if (names.length === 0) throw new BadQuestionError('invalid pattern: at least one capture is required: <name>')
  if (new Set(names).size < names.length) throw new BadQuestionError('invalid pattern: a capture is there twice')
  if (parts.some(({ name }, index) => name !== undefined && parts[index - 1]?.name !== undefined)) throw new BadQuestionError('invalid pattern: found consecutive captures')
  return (entry) => {
    const { line } = entry
    let at = 0
    for (const [index, { name, text }] of parts.entries()) {
      if (name === undefined) {
        // Behind a capture it was found already.
        if (index === 0 && !line.startsWith(text)) return
        at += text.length
        continue
      }
      const next = parts[index + 1]
      const end = next === undefined ? line.length : line.indexOf(next.text, at)
      if (name !== '_') entry.extract(name, line.slice(at, end === -1 ? line.length : end))
      if (end === -1) return
      at = end
    }
  }
}

/** What promtail's `pack` stage made: a JSON object of labels and the line itself. */
function unpack(entry: Entry): void {
  const value = objectOf(entry)
  if (value === undefined) return
  for (const [key, inner] of Object.entries(value)) {
    if (typeof inner !== 'string') continue
    if (key === '_entry') entry.line = inner
    else entry.extract(labelName(key), inner)
  }
}
