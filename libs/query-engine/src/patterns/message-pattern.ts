/**
 * The pattern of a message: what stays when ids, numbers and times are taken out, so that `GET /users/17 took 1.25 ms` and `GET /users/4 took 30 ms` are both
 * `GET /users/* took * ms`.
 *
 * - A token is a run of letters, digits and characters beyond ASCII. One with a digit becomes `*`, as does one of at least {@link MIN_HEX_LETTERS} letters that are all `a` to `f`.
 * - A UUID becomes `*`.
 * - `*` after `*` with nothing but points, dashes and colons between them becomes one: versions, addresses, dates and times do.
 * - A pattern is cut at {@link MAX_PATTERN_LENGTH} characters, and then ends in `…`.
 *
 * Takes time in proportion to the message and looks at no more of it than the pattern needs.
 */
export function messagePattern(message: string): string {
  let pattern = ''
  /** Where what was copied last ends: all before is in `pattern`. */
  let copied = 0
  /** End of the last token that varies, while only joining characters came after it. */
  let variedEnd = -1
  for (let at = 0; at < message.length && pattern.length + (at - copied) <= MAX_PATTERN_LENGTH + 1;) {
    if (!isTokenCode(message.charCodeAt(at))) {
      if (!isJoinCode(message.charCodeAt(at))) variedEnd = -1
      at++
      continue
    }
    const end = endOfVarying(message, at)
    if (end > 0) {
      if (variedEnd < 0) pattern += `${message.slice(copied, at)}*`
      copied = at = variedEnd = end
      continue
    }
    while (at < message.length && isTokenCode(message.charCodeAt(at))) at++
    variedEnd = -1
  }
  pattern += message.slice(copied, copied + MAX_PATTERN_LENGTH + 1)
  return pattern.length <= MAX_PATTERN_LENGTH ? pattern : `${pattern.slice(0, MAX_PATTERN_LENGTH).replace(/[\ud800-\udbff]$/, '')}…`
}

/** More is read by nobody, and thousands of patterns are held at once. */
export const MAX_PATTERN_LENGTH = 512
/** `deadbeef` is an id, `facade` a word. */
const MIN_HEX_LETTERS = 8
/** A UUID's groups. */
const UUID_GROUPS = [8, 4, 4, 4, 12]
const UUID_LENGTH = 36

/** The end of a token, or UUID, that varies and begins here; -1 when the token does not vary. */
function endOfVarying(text: string, start: number): number {
  if (isUuid(text, start)) return start + UUID_LENGTH
  let hasDigit = false
  let isHex = true
  let end = start
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end)
    if (!isTokenCode(code)) break
    if (code >= 48 && code <= 57) hasDigit = true
    else isHex &&= isHexLetter(code)
  }
  return hasDigit || (isHex && end - start >= MIN_HEX_LETTERS) ? end : -1
}

function isUuid(text: string, start: number): boolean {
  let at = start
  for (const [index, length] of UUID_GROUPS.entries()) {
    if (index > 0 && text[at++] !== '-') return false
    for (const end = at + length; at < end; at++) {
      const code = text.charCodeAt(at) // NaN beyond the end
      if (!(code >= 48 && code <= 57) && !isHexLetter(code)) return false
    }
  }
  return !isTokenCode(text.charCodeAt(at))
}

function isHexLetter(code: number): boolean {
  return (code >= 97 && code <= 102) || (code >= 65 && code <= 70)
}

function isTokenCode(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code >= 128
}

/** `-`, `.` and `:`. */
function isJoinCode(code: number): boolean {
  return code === 45 || code === 46 || code === 58
}
