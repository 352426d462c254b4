import type { Facet } from '@millrace/query-language/ast'

/**
 * How an event's attributes and tags are labels, and back (docs/logql.md). Four reserved attributes are the labels of streams; everything else of an event is its structured
 * metadata. Names become labels so that a label leads back to few names that it may stand for.
 */
export interface LabelSource {
  /** The label has the values of these. */
  readonly facets: readonly Facet[]
  /** Stands in where an event has none of the facets. */
  readonly fallback: Facet | undefined
  /** What the label is without any value: empty, but for the service. */
  readonly missing: string
}

/** Labels of a stream, in the order of the alphabet, and the reserved attribute that each is. */
export const STREAM_LABELS = { host: 'host', level: 'status', service_name: 'service', source: 'source' } as const
export type StreamLabel = keyof typeof STREAM_LABELS

/** What Loki itself calls events without a service, so that every stream has a name. */
export const UNKNOWN_SERVICE = 'unknown_service'

export function isStreamLabel(label: string): label is StreamLabel {
  return Object.hasOwn(STREAM_LABELS, label)
}

/** Labels that are reserved attributes and nothing else: what parsers extract never takes their names. */
export function isReservedLabel(label: string): boolean {
  return Object.hasOwn(RESERVED_LABELS, label)
}

/** The reserved attribute behind a reserved label or, where the event has no attribute of that name, behind one that shippers use for it. */
export function reservedOf(label: string): string | undefined {
  return RESERVED_LABELS[label] ?? ALIASES[label]
}

/** Where a label's values are looked for. */
export function sourceOf(label: string): LabelSource {
  const reserved = RESERVED_LABELS[label]
  if (reserved !== undefined) return { facets: [{ kind: 'reserved', name: reserved }], fallback: undefined, missing: label === 'service_name' ? UNKNOWN_SERVICE : '' }
  const names = namesOf(label)
  const alias = ALIASES[label]
  return {
    facets: [...names.map((name): Facet => ({ kind: 'attribute', name })), ...names.map((name): Facet => ({ kind: 'tag', name: name.replace(/\\([.\\])/g, '$1') }))],
    fallback: alias === undefined ? undefined : { kind: 'reserved', name: alias },
    missing: '',
  }
}

/**
 * The label of an attribute, or of a tag's key: dots become underscores. A name for which that leaves too much open, or that is no label's, is written as Prometheus
 * writes such names (`U__`, `_2d_` for a dash).
 *
 * @param name path of keys, with `\` before a dot or backslash of a key.
 */
export function labelOf(name: string): string {
  const plain = PLAIN_NAME.test(name) && jointsOf(name) <= MAX_JOINTS ? name.replaceAll('.', '_') : ''
  return plain === '' || plain.startsWith('__') || plain.startsWith(ESCAPED) || isReservedLabel(plain) ? ESCAPED + escaped(name) : plain
}

const RESERVED_LABELS: Readonly<Record<string, string>> = { ...STREAM_LABELS, detected_level: 'status', trace_id: 'trace_id', span_id: 'span_id', tags: 'tags' }
/** Pushes keep the names that they used as attributes; what came in another way is found under the shortest of them too. */
const ALIASES: Readonly<Record<string, string>> = { service: 'service' }
/** Each doubles the names that a label may stand for. */
const MAX_JOINTS = 5
const PLAIN_NAME = /^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*$/
const ESCAPED = 'U__'

function jointsOf(name: string): number {
  return name.match(/[._]/g)?.length ?? 0
}

/** The names whose label this is. */
function namesOf(label: string): readonly string[] {
  if (label.startsWith(ESCAPED)) {
    const name = unescaped(label.slice(ESCAPED.length))
    return name !== undefined && labelOf(name) === label ? [name] : []
  }
  if (jointsOf(label) > MAX_JOINTS || label.includes('.')) return []
  const [first = '', ...others] = label.split('_')
  const names = others.reduce<readonly string[]>((before, part) => before.flatMap((start) => [`${start}_${part}`, `${start}.${part}`]), [first])
  return names.filter((name) => labelOf(name) === label)
}

function escaped(name: string): string {
  return Array.from(name, (character) => (character === '_' ? '__' : /^[A-Za-z0-9]$/.test(character) ? character : `_${(character.codePointAt(0) ?? 0).toString(16)}_`)).join('')
}

function unescaped(text: string): string | undefined {
  if (!/^(?:[A-Za-z0-9]|__|_[0-9a-f]{1,6}_)*$/.test(text)) return undefined
  return text.replace(/__|_([0-9a-f]{1,6})_/g, (whole, code: string | undefined) => (whole === '__' ? '_' : codePoint(parseInt(code ?? '', 16))))
}

function codePoint(code: number): string {
  return code > 0x10ffff ? '\ufffd' : String.fromCodePoint(code)
}
