/**
 * A text of somebody else's, safe for a terminal: what would move the cursor, colour, clear, answer back or turn the direction of writing is shown as `\u{1b}`.
 * A line stays one line.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}

/** JSON of several lines whose texts are safe for a terminal, and still read as the same value. */
export function printableJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(UNPRINTABLE, (character) => (character === '\n' ? character : escapeJson(character)))
}

/**
 * A line of JSON that others wrote, safe for a terminal and still the same value, with all digits of its numbers. What is escaped can stand inside its texts only.
 */
export function printableJsonLine(text: string): string {
  return text.replace(UNPRINTABLE, escapeJson)
}

/** As UTF-16 units, since JSON knows no code points. */
function escapeJson(character: string): string {
  return Array.from({ length: character.length }, (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`).join('')
}

/** Controls, formats (direction marks among them), line and paragraph separators, halves of surrogate pairs. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
