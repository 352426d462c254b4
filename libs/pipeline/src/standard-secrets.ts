/** One kind of secret that is known by its look. */
export interface StandardSecret {
  /** In RE2's syntax. */
  readonly pattern: string
  /** Every match contains one of them: texts without are not looked at. None means that all are. */
  readonly hints: readonly string[]
  /** What the pattern finds and is no secret after all. */
  readonly isSecret?: (match: string) => boolean
}

/** The names that a `redact` processor may list. */
export const STANDARD_SECRETS = {
  'email': { pattern: String.raw`[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,24}`, hints: ['@'] },
  'credit-card': { pattern: String.raw`\b[2-6](?:[ -]?[0-9]){12,18}\b`, hints: [], isSecret: hasLuhnChecksum },
  'ipv4': { pattern: String.raw`\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b`, hints: ['.'] },
  'jwt': { pattern: String.raw`\beyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*`, hints: ['eyJ'] },
  'aws-access-key': { pattern: String.raw`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`, hints: ['AKIA', 'ASIA'] },
  'bearer-token': { pattern: String.raw`(?i)\bbearer +[A-Za-z0-9._~+/=-]+`, hints: [] },
  'url-password': { pattern: String.raw`://[^\s/:@]+:[^\s/@]+@`, hints: ['://'] },
  'private-key': { pattern: String.raw`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)`, hints: ['PRIVATE KEY'] },
} as const satisfies Record<string, StandardSecret>

/** ISO/IEC 7812-1: of the digits from the right, every second one doubled, the digits' sum is a multiple of ten. */
function hasLuhnChecksum(match: string): boolean {
  const digits = match.replace(/\D/g, '')
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i])
    sum += i % 2 === 0 ? digit : digit > 4 ? 2 * digit - 9 : 2 * digit
  }
  return sum % 10 === 0
}
