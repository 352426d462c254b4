/** What V8 may do in RE2's place. */
export interface TranslatedRegex {
  /** Matches the same texts; undefined when the expression is not plainly the same in both, or could run long. */
  readonly native: RegExp | undefined
  /** Texts that every match is known to contain; none is empty. */
  readonly literals: readonly string[]
}

/**
 * Reads the plain part of RE2's syntax: characters, classes, groups, alternatives, and repeats of single characters and classes. Whatever else
 * is in the expression (flags, repeated groups, Unicode classes) leaves it to RE2.
 */
export function translateRegex(source: string): TranslatedRegex {
  const parts: string[] = []
  const runs: string[] = ['']
  let depth = 0
  let repeats = 0
  let options = 0
  let isAlternative = false
  let rest = source
  while (rest !== '') {
    const token = TOKEN.exec(rest)
    if (token === null) return NOTHING
    const [text, escaped, characterClass, open, close, special, plain = ''] = token
    rest = rest.slice(text.length)
    let atom: string | undefined
    let isRepeatable = true
    if (open !== undefined) {
      parts.push('(?:')
      depth++
      runs.push('')
      continue
    } else if (close !== undefined) {
      if (--depth < 0) return NOTHING
      parts.push(')')
      isRepeatable = false
    } else if (special !== undefined) {
      if (special === '|') isAlternative ||= depth === 0
      parts.push(special === '.' ? '[^\\n]' : special)
      isRepeatable = special === '.'
    } else if (characterClass !== undefined) parts.push(characterClass.replace(/\\s/g, '\\t\\n\\f\\r '))
    else {
      if (escaped !== undefined && /[a-zA-Z0-9]/.test(escaped)) {
        const translated = ESCAPES[escaped]
        if (translated === undefined) return NOTHING
        parts.push(translated)
        isRepeatable = escaped !== 'b'
      } else {
        atom = escaped ?? plain
        parts.push(/[$()*+./?[\\\]^{|}]/.test(atom) ? `\\${atom}` : atom)
      }
    }
    const repeat = REPEAT.exec(rest)?.[0] ?? ''
    rest = rest.slice(repeat.length)
    parts.push(repeat)
    // Anything but a literal character of the outermost level ends the run of literals.
    if (atom !== undefined && depth === 0 && repeat === '') runs.push((runs.pop() ?? '') + atom)
    else if (atom !== undefined && depth === 0 && repeat.startsWith('+')) runs.push((runs.pop() ?? '') + atom, '')
    else runs.push('')
    if (repeat === '') continue
    if (repeat.startsWith('?')) options++
    else if (!isRepeatable) return NOTHING
    else if (!/^\{\d+\}/.test(repeat)) repeats++
    if (/^[*+?{]/.test(rest)) return NOTHING
  }
  if (depth !== 0) return NOTHING
  return { literals: isAlternative ? [] : runs.filter((run) => run !== ''), native: repeats <= MAX_REPEATS && options <= MAX_OPTIONS ? compile(parts.join('')) : undefined }
}

/** One escape, class, opening or closing parenthesis, special character, or plain character. A class has no nested brackets, and no escapes but a few. */
const TOKEN = /^(?:\\([^])|(\[\^?(?:[\w ,:;.!@#%&=<>/"'`~-]|\\[dwsntr.\-\]\\/])+\])|(\((?:\?:)?(?!\?))|(\))|([.|^$])|([^[\](){}*+?\\]))/u
const REPEAT = /^(?:[*+?]|\{\d{1,3}(?:,\d{0,3})?\})\??/
/** The same in both, or what V8 calls it: RE2's `\s` is ASCII. */
const ESCAPES: Readonly<Record<string, string>> = { d: '\\d', D: '\\D', w: '\\w', W: '\\W', b: '\\b', s: '[\\t\\n\\f\\r ]', S: '[^\\t\\n\\f\\r ]', n: '\\n', t: '\\t', r: '\\r' }
const NOTHING: TranslatedRegex = { native: undefined, literals: [] }
/** With one repeat the time is quadratic at worst; with two it would be cubic. */
const MAX_REPEATS = 1
/** Each doubles the paths that V8 may try. */
const MAX_OPTIONS = 3

function compile(source: string): RegExp | undefined {
  try {
    return new RegExp(source, 'u')
  } catch {
    return undefined
  }
}
