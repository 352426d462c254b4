import { NS_PER_MS } from '@millrace/event/event'
import { BadPipelineError } from '../pipeline-document.ts'

/**
 * Compiles a format of the letters that Unicode's date patterns and Java use: `yyyy` `MM` `MMM` `dd` `d` `HH` `hh` `a` `mm` `ss` `S` (1 to 9) `Z`, text in
 * single quotes; what is no letter stands for itself. Answers ns since 1970.
 *
 * @param zoneMinutes east of UTC, of times without `Z`. @throws {BadPipelineError}
 */
export function compileDateFormat(format: string, zoneMinutes: number, place: string): (text: string) => bigint | undefined {
  const fields: string[] = []
  const expression = format.replace(TOKEN, (token, quoted: string | undefined) => {
    if (quoted !== undefined) return escaped(quoted === '' ? "'" : quoted)
    if (!/^[A-Za-z]/.test(token)) return escaped(token)
    const pattern = token.startsWith('S') && token.length <= MAX_FRACTION ? `(\\d{${token.length}})` : FIELDS[token]
    if (pattern === undefined) throw new BadPipelineError(`${place}: ${JSON.stringify(token)} is no part of a date; there are ${Object.keys(FIELDS).join(', ')}, S, epoch and iso8601`)
    const field = token.startsWith('S') ? 'S' : token
    if (fields.includes(field)) throw new BadPipelineError(`${place}: ${token} stands twice`)
    fields.push(field)
    return pattern
  })
  if (!fields.includes('yyyy') || !fields.some((field) => field.startsWith('M')) || !fields.some((field) => field.startsWith('d'))) throw new BadPipelineError(`${place}: a date needs yyyy, MM or MMM, and dd or d`)
  const regex = new RegExp(`^${expression}$`, 'i')
  return (text) => {
    const match = regex.exec(text)
    if (match === null) return undefined
    const found = new Map(fields.map((field, index) => [field, match[index + 1] ?? '']))
    return timeOf(found, zoneMinutes)
  }
}

/** Quoted text, a run of one letter, or any other character. */
const TOKEN = /'([^']*)'|([A-Za-z])\2*|[^A-Za-z']/g
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
/** None repeats what another may begin with: the time is linear. */
const FIELDS: Readonly<Record<string, string>> = {
  yyyy: '(\\d{4})', MM: '(\\d{2})', MMM: `(${MONTHS.join('|')})`, dd: '(\\d{2})', d: '(\\d{1,2})', HH: '(\\d{2})', hh: '(\\d{1,2})', a: '(am|pm)', mm: '(\\d{2})', ss: '(\\d{2})', Z: '(z|[+-]\\d{2}:?\\d{2})',
}
const MAX_FRACTION = 9

function timeOf(found: ReadonlyMap<string, string>, zoneMinutes: number): bigint | undefined {
  const number = (field: string, otherwise: number): number => (found.has(field) ? Number(found.get(field)) : otherwise)
  const year = number('yyyy', NaN)
  const month = found.has('MMM') ? MONTHS.indexOf((found.get('MMM') ?? '').toLowerCase()) + 1 : number('MM', NaN)
  const day = number('dd', number('d', NaN))
  const minute = number('mm', 0)
  const second = number('ss', 0)
  const half = found.get('a')?.toLowerCase()
  const hour = found.has('HH') ? number('HH', 0) : half === undefined ? number('hh', 0) : (number('hh', 0) % 12) + (half === 'pm' ? 12 : 0)
  if (!(month >= 1 && month <= 12) || hour > 23 || minute > 59 || second > 60) return undefined
  const dayMs = Date.UTC(year, month - 1, day)
  if (Number.isNaN(dayMs) || new Date(dayMs).getUTCDate() !== day) return undefined
  const zone = found.get('Z')
  const east = zone === undefined ? zoneMinutes : /^z$/i.test(zone) ? 0 : (zone.startsWith('-') ? -1 : 1) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2)))
  const ms = dayMs + ((hour * 60 + minute - east) * 60 + second) * 1000
  return BigInt(ms) * NS_PER_MS + BigInt((found.get('S') ?? '').padEnd(9, '0'))
}

function escaped(text: string): string {
  return text.replace(/[$()*+.?[\\\]^{|}/]/g, '\\$&')
}
