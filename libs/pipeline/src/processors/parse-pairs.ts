import type { PlainValue } from '@millrace/fragment/plain-rows'
import type { SettingsOf } from '../pipeline-document.ts'
import type { Processor } from '../processor.ts'
import { below, MAX_PARSED_ATTRIBUTES, MAX_PARSED_LENGTH, numberOrText, putAttributes, type Attributes } from '../put-attributes.ts'

/** `level=info msg="it works" took=12` becomes attributes. Words without a value are passed over. */
export function createParseLogfmt(settings: SettingsOf<'parse-logfmt'>): Processor {
  return parser('parse-logfmt', settings, parseLogfmt)
}

/** The same between signs of one's own; a value in double quotes may hold these. */
export function createParseKeyValue(settings: SettingsOf<'parse-key-value'>): Processor {
  return parser('parse-key-value', settings, (text, to) => parseKeyValue(text, to, settings))
}

function parser(type: string, { from, overwrite, to }: SettingsOf<'parse-logfmt'> | SettingsOf<'parse-key-value'>, parse: (text: string, to: string | undefined) => Attributes | undefined): Processor {
  return {
    type,
    async open(draft) {
      const texts = await draft.load(from)
      return (row) => {
        const text = texts[row]
        if (typeof text !== 'string') return 'same'
        const attributes = text.length > MAX_PARSED_LENGTH ? undefined : parse(text, to)
        return attributes === undefined || attributes.length === 0 ? 'failed' : putAttributes(draft, row, attributes, overwrite)
      }
    },
  }
}

/** Undefined where there is too much. */
export function parseLogfmt(text: string, to: string | undefined): Attributes | undefined {
  const attributes: [string, PlainValue][] = []
  LOGFMT_PAIR.lastIndex = 0
  for (;;) {
    const pair = LOGFMT_PAIR.exec(text)
    if (pair === null) return attributes
    const [, key = '', quoted, plain = ''] = pair
    if (attributes.length === MAX_PARSED_ATTRIBUTES) return undefined
    attributes.push([below(to, key), quoted === undefined ? numberOrText(plain) : unquoted(quoted)])
  }
}

/** Each branch begins where the one before ended, and no two can match the same characters: the time is linear. */
const LOGFMT_PAIR = /(?<![^\s])([^\s="]{1,200})=(?:"((?:[^"\\]|\\[^])*)"|([^\s"]*))(?!\S)/g

function parseKeyValue(text: string, to: string | undefined, { separator, delimiter }: { readonly separator: string; readonly delimiter: string }): Attributes | undefined {
  const attributes: [string, PlainValue][] = []
  // Pairs are counted, also those without a usable name: each may look for a closing quote to the end of the text.
  let pairs = 0
  for (let at = 0; at < text.length; ) {
    const equals = text.indexOf(separator, at)
    if (equals < 0) break
    const key = text.slice(at, equals)
    const lastDelimiter = key.lastIndexOf(delimiter)
    const name = (lastDelimiter < 0 ? key : key.slice(lastDelimiter + delimiter.length)).trim()
    let start = equals + separator.length
    while (text[start] === ' ' && !delimiter.startsWith(' ')) start++
    const quoteEnd = text[start] === '"' ? closingQuote(text, start) : -1
    let end = text.indexOf(delimiter, quoteEnd < 0 ? start : quoteEnd)
    if (end < 0) end = text.length
    const value = quoteEnd < 0 ? numberOrText(text.slice(start, end).trim()) : unquoted(text.slice(start + 1, quoteEnd - 1))
    if (++pairs > MAX_PARSED_ATTRIBUTES) return undefined
    if (name !== '' && name.length <= MAX_KEY_LENGTH) attributes.push([below(to, name), value])
    at = end + delimiter.length
  }
  return attributes
}

/** A longer key is no key. */
const MAX_KEY_LENGTH = 200

/** Behind the quote that closes the one at `start`; -1 where none does. */
function closingQuote(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '"') return at + 1
  }
  return -1
}

function unquoted(text: string): string {
  return text.includes('\\') ? text.replace(/\\([^])/g, (_, escaped: string) => ESCAPES[escaped] ?? escaped) : text
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' }
