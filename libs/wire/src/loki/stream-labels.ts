import { escapedKey } from '@millrace/fragment/event-columns'
import type { ReservedName, RowWriter } from '../row-writer.ts'

/** Labels that are reserved attributes, in order of precedence for each. All but the first name of a list are attributes too. */
const RESERVED_LABELS: Readonly<Partial<Record<ReservedName, readonly string[]>>> = {
  service: ['service_name', 'service', 'app', 'job'],
  status: ['level', 'detected_level', 'severity'],
  host: ['host', 'hostname', 'node', 'instance'],
  source: ['source'],
  trace_id: ['trace_id', 'traceID'],
  span_id: ['span_id', 'spanID'],
}

/** A label, or a piece of structured metadata. */
export type Label = readonly [name: string, value: string]

/**
 * Puts a stream's labels and an entry's structured metadata into the open row; of equal names the metadata wins. Of the names that may be one reserved attribute the first that is there
 * is it.
 */
export function putLabels(rows: RowWriter, labels: readonly Label[], metadata: readonly Label[]): void {
  const all = metadata.length === 0 ? labels : [...labels, ...metadata]
  for (const [name, value] of all) {
    const reserved = RESERVED_NAMES.get(name)
    const isReserved = reserved !== undefined && !RESERVED_LABELS[reserved]?.some((other) => precedes(other, name, reserved) && all.some(([present]) => present === other))
    if (value === '') continue
    if (isReserved) rows.reserved(reserved).putText(value)
    // Only the first name of each list can be told from the reserved attribute: whoever sent `app` reads `app` again.
    if (!isReserved || name !== RESERVED_LABELS[reserved]?.[0]) rows.attribute(escapedKey(name))?.putText(value)
  }
}

function precedes(one: string, other: string, reserved: ReservedName): boolean {
  const names = RESERVED_LABELS[reserved] ?? []
  return names.indexOf(one) < names.indexOf(other)
}

const RESERVED_NAMES: ReadonlyMap<string, ReservedName> = new Map(Object.entries(RESERVED_LABELS).flatMap(([reserved, names]) => names.map((name) => [name, reserved as ReservedName] as const)))

/**
 * Reads the label set of a stream as Prometheus writes it: `{job="nginx", host="a\"b"}`.
 *
 * @throws {LabelSyntaxError}
 */
export function parseLabels(text: string): readonly Label[] {
  const labels: Label[] = []
  const pattern = /\s*([A-Za-z_][\w.:-]*)\s*=\s*("(?:[^"\\\n]|\\.)*")\s*(,|(?=\}))/y
  const open = /^\s*\{\s*/.exec(text)
  if (open === null) throw new LabelSyntaxError('labels begin with {')
  let at = open[0].length
  while (!/^\s*\}\s*$/.test(text.slice(at))) {
    pattern.lastIndex = at
    const [whole, name, quoted] = pattern.exec(text) ?? []
    if (whole === undefined || name === undefined || quoted === undefined) throw new LabelSyntaxError(`a label was expected at character ${at}`)
    if (labels.length === MAX_LABELS) throw new LabelSyntaxError(`more than ${MAX_LABELS} labels`)
    labels.push([name, unquoted(quoted)])
    at += whole.length
  }
  return labels
}

/** A stream's labels cannot be read. */
export class LabelSyntaxError extends Error {
  override readonly name = 'LabelSyntaxError'
  readonly code = 'LABEL_SYNTAX'
  readonly retryable = false
}

/** Loki takes 15 by default. */
export const MAX_LABELS = 64

/** The text of a string as Go quotes it. */
function unquoted(quoted: string): string {
  return quoted.slice(1, -1).replace(/\\(x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-7]{3}|.)/g, (_, escape: string) => {
    const kind = escape[0] ?? ''
    if (kind === 'x' || kind === 'u' || kind === 'U') return codePoint(parseInt(escape.slice(1), 16))
    if (/^[0-7]{3}$/.test(escape)) return codePoint(parseInt(escape, 8))
    return GO_ESCAPES[kind] ?? kind
  })
}

const GO_ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', a: '\u0007', b: '\b', f: '\f', v: '\v' }

function codePoint(code: number): string {
  return code > 0x10ffff || (code >= 0xd800 && code < 0xe000) || Number.isNaN(code) ? '\ufffd' : String.fromCodePoint(code)
}
