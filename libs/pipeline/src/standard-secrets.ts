/** One kind of secret that is known by its look. */
export interface StandardSecret {
  /** In RE2's syntax. */
  readonly pattern: string
  /** Every match contains one of them: texts without are not looked at. None means that all are. */
  readonly hints: readonly string[]
  /** Where the secrets are in what the pattern finds, ascending; the whole of it by default. */
  readonly within?: (match: string) => readonly (readonly [start: number, end: number])[]
}

/** The names that a `redact` processor may list. */
export const STANDARD_SECRETS = {
  'email': { pattern: String.raw`[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,24}`, hints: ['@'] },
  'credit-card': { pattern: String.raw`(?:\b|_)[0-9](?:[ -]?[0-9]){12,}(?:\b|_)`, hints: [], within: cardsIn },
  'ipv4': { pattern: String.raw`\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b`, hints: ['.'] },
  'jwt': { pattern: String.raw`eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*`, hints: ['eyJ'] },
  'aws-access-key': { pattern: String.raw`(?:\b|_)(?:AKIA|ASIA)[A-Z0-9]{16}(?:\b|_)`, hints: ['AKIA', 'ASIA'] },
  'bearer-token': { pattern: String.raw`(?i)\bbearer +[A-Za-z0-9._~+/=-]+`, hints: [] },
  'url-password': { pattern: String.raw`://[^\s/:@]*:[^\s/]+@`, hints: ['://'] },
  'private-key': { pattern: String.raw`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)`, hints: ['PRIVATE KEY'] },
} as const satisfies Record<string, StandardSecret>

/** Numbers of 13 to 19 digits, beginning and ending where the digits' groups do: a date, an amount or a code may stand before or behind one. */
function cardsIn(match: string): readonly (readonly [start: number, end: number])[] {
  const cards: [number, number][] = []
  const groups = [...match.matchAll(/[0-9]+/g)].map(({ 0: digits, index }) => ({ digits, start: index, end: index + digits.length }))
  for (let first = 0; first < groups.length; first++) {
    let digits = ''
    for (let last = first; last < groups.length && digits.length < MAX_CARD_DIGITS; last++) {
      const { digits: more = '', end = 0 } = groups[last] ?? {}
      digits += more
      if (digits.length < MIN_CARD_DIGITS || digits.length > MAX_CARD_DIGITS || !/^[2-6]/.test(digits) || !hasLuhnChecksum(digits)) continue
      cards.push([groups[first]?.start ?? 0, end])
      first = last
      break
    }
  }
  return cards
}

const MIN_CARD_DIGITS = 13
const MAX_CARD_DIGITS = 19

/** ISO/IEC 7812-1: of the digits from the right, every second one doubled, the digits' sum is a multiple of ten. */
function hasLuhnChecksum(digits: string): boolean {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i])
    sum += i % 2 === 0 ? digit : digit > 4 ? 2 * digit - 9 : 2 * digit
  }
  return sum % 10 === 0
}
