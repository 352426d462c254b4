import { escapedKey } from '@millrace/fragment/event-columns'
import type { EventId } from '@millrace/event/event'
import type { RenderedEvent } from '@millrace/query-engine/query-engine'
import { isReservedLabel, labelOf, reservedOf, UNKNOWN_SERVICE } from './labels.ts'

/** An event as LogQL's stages see it: a line and labels, which they change. */
export class Entry {
  readonly id: EventId
  readonly timestampNs: bigint
  line: string
  readonly #event: RenderedEvent
  #stream: Map<string, string> | undefined
  #metadata: Map<string, string> | undefined
  /** Elements of labels that are lists. */
  readonly #elements = new Map<string, readonly string[]>()
  /** What parsers and formats made. */
  readonly parsed = new Map<string, string>()

  constructor(event: RenderedEvent) {
    this.id = event.id
    this.timestampNs = event.timestampNs
    this.line = event.message ?? ''
    this.#event = event
  }

  /** The labels of its stream that are left. */
  get stream(): Map<string, string> {
    this.#stream ??= streamOf(this.#event)
    return this.#stream
  }

  /** Everything else of the event, by label. */
  get metadata(): Map<string, string> {
    this.#metadata ??= this.#readMetadata()
    return this.#metadata
  }

  /** Empty without one. */
  label(name: string): string {
    return this.parsed.get(name) ?? this.stream.get(name) ?? this.metadata.get(name) ?? this.#byAlias(name) ?? ''
  }

  /** Whether the label's value, or one of its elements, is so. */
  hasLabel(name: string, isSo: (value: string) => boolean): boolean {
    const elements = this.parsed.has(name) || this.stream.has(name) || !this.metadata.has(name) ? undefined : this.#elements.get(name)
    return elements === undefined ? isSo(this.label(name)) : elements.some(isSo)
  }

  /** Sets a label that a parser found. What the event has already keeps its name: the label gets a suffix. */
  extract(name: string, value: string): void {
    this.#set(this.stream.has(name) || this.metadata.has(name) ? `${name}_extracted` : name, value)
  }

  /** Sets a label whatever it was. An empty value takes it away. */
  assign(name: string, value: string): void {
    this.remove(name)
    if (value !== '') this.#set(name, value)
  }

  remove(name: string): void {
    this.parsed.delete(name)
    this.stream.delete(name)
    this.metadata.delete(name)
  }

  /** All labels and their values. */
  labels(): Readonly<Record<string, string>> {
    return Object.fromEntries([...this.metadata, ...this.stream, ...this.parsed])
  }

  /** Names of all labels. */
  names(): ReadonlySet<string> {
    return new Set([...this.stream.keys(), ...this.metadata.keys(), ...this.parsed.keys()])
  }

  #set(name: string, value: string): void {
    if (this.parsed.size < MAX_PARSED_LABELS || this.parsed.has(name)) this.parsed.set(name, value)
  }

  #byAlias(name: string): string | undefined {
    const reserved = reservedOf(name)
    if (reserved === undefined || isReservedLabel(name)) return undefined
    return valueOfReserved(this.#event, reserved)
  }

  #readMetadata(): Map<string, string> {
    const { status, traceId, spanId, tags, attributesJson } = this.#event
    const metadata = new Map<string, string>()
    // Several attributes may make one label, and lists have several values: the first is shown, and a filter asks for any.
    const put = (name: string, value: string, elements: readonly string[] = [value]): void => {
      if (value === '') return
      const first = metadata.get(name)
      if (first === undefined) metadata.set(name, value)
      if (first !== undefined || elements.length !== 1 || elements[0] !== value) this.#elements.set(name, [...(this.#elements.get(name) ?? (first === undefined ? [] : [first])), ...elements])
    }
    put('detected_level', status ?? '')
    put('trace_id', traceId ?? '')
    put('span_id', spanId ?? '')
    if (attributesJson !== '{}') this.#flatten(parseExactly(attributesJson), '', put)
    for (const tag of tags) {
      const colon = tag.indexOf(':')
      if (colon > 0) put(labelOf(tag.slice(0, colon)), tag.slice(colon + 1))
    }
    put('tags', tags.filter((tag) => !tag.includes(':')).join(','))
    return metadata
  }

  #flatten(value: unknown, path: string, put: (name: string, value: string, elements?: readonly string[]) => void): void {
    if (typeof value !== 'object' || value === null || value instanceof Numeral || Array.isArray(value) || (path !== '' && Object.keys(value).length === 0)) {
      const isList = Array.isArray(value) && value.every((element) => typeof element !== 'object' || element === null || element instanceof Numeral)
      put(labelOf(path), plainText(value), isList ? value.map(plainText) : undefined)
      return
    }
    for (const [key, inner] of Object.entries(value)) {
      const escaped = escapedKey(key)
      this.#flatten(inner, path === '' ? escaped : `${path}.${escaped}`, put)
    }
  }
}

/** More labels than this on one line are no one's to read; what is beyond is left out. */
const MAX_PARSED_LABELS = 500

function streamOf({ service, host, status, source }: RenderedEvent): Map<string, string> {
  const stream = new Map<string, string>()
  if (host !== undefined && host !== '') stream.set('host', host)
  if (status !== undefined && status !== '') stream.set('level', status)
  stream.set('service_name', service === undefined || service === '' ? UNKNOWN_SERVICE : service)
  if (source !== undefined && source !== '') stream.set('source', source)
  return stream
}

function valueOfReserved(event: RenderedEvent, reserved: string): string | undefined {
  switch (reserved) {
    case 'service':
      return event.service
    case 'status':
      return event.status
    case 'host':
      return event.host
    case 'trace_id':
      return event.traceId
    case 'span_id':
      return event.spanId
    default:
      return undefined
  }
}

/** A number that a double would not give back as it was written. */
class Numeral {
  readonly source: string

  constructor(source: string) {
    this.source = source
  }
}

/** JSON with the digits of its numbers. */
export function parseExactly(json: string): unknown {
  if (!/\d{16}|\.\d*0(?!\d)|\d[eE]|-0/.test(json)) return JSON.parse(json) as unknown
  return JSON.parse(json, (_, value: unknown, context?: { readonly source?: string }) => (typeof value === 'number' && context?.source !== undefined && String(value) !== context.source ? new Numeral(context.source) : value)) as unknown
}

/** The text of a value: a string itself, everything else as JSON. */
export function plainText(value: unknown): string {
  if (typeof value === 'string') return value
  if (value instanceof Numeral) return value.source
  return JSON.stringify(value, (_, inner: unknown) => (inner instanceof Numeral ? Number(inner.source) : inner)) ?? ''
}
