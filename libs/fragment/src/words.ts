/** Lower-case words of a text: runs of letters, digits and characters beyond ASCII. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[a-z0-9\u0080-\u{10ffff}]+/gu) ?? []
}
