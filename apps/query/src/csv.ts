import { formatTimestamp } from '@millrace/event/timestamp'
import { eventIdText } from '@millrace/event/event-id'
import type { RenderedEvent } from '@millrace/query-engine/query-engine'

/** One line as RFC 4180 has it. Texts that a spreadsheet would run as a formula begin with an apostrophe where `isFormulaSafe`. */
export function csvLine(cells: readonly Cell[], isFormulaSafe: boolean): string {
  return `${cells.map((cell) => quoted(typeof cell === 'string' && isFormulaSafe && FORMULA.test(cell) ? `'${cell}` : String(cell ?? ''))).join(',')}\r\n`
}

export type Cell = string | number | boolean | undefined

/** A column's value: a field of the event, an attribute (`@http.status_code`), or else a tag (`env`), several joined by a comma. */
export function cellsOf(event: RenderedEvent, columns: readonly string[]): readonly Cell[] {
  // Attributes are parsed once a line, and only where a column asks for one.
  const attributes = columns.some((column) => column.startsWith('@')) ? (JSON.parse(event.attributesJson) as unknown) : undefined
  return columns.map((column) => (column.startsWith('@') ? attributeCell(attributes, column.slice(1)) : (FIELDS.get(column)?.(event) ?? (FIELDS.has(column) ? undefined : tagCell(event, column)))))
}

const FORMULA = /^[=+\-@\t\r\n]/

const FIELDS: ReadonlyMap<string, (event: RenderedEvent) => string | undefined> = new Map<string, (event: RenderedEvent) => string | undefined>([
  ['id', ({ id }) => eventIdText(id)],
  ['timestamp', ({ timestampNs }) => formatTimestamp(timestampNs)],
  ['message', ({ message }) => message],
  ['status', ({ status }) => status],
  ['service', ({ service }) => service],
  ['host', ({ host }) => host],
  ['source', ({ source }) => source],
  ['trace_id', ({ traceId }) => traceId],
  ['span_id', ({ spanId }) => spanId],
  ['tags', ({ tags }) => tags.join(',')],
])

function tagCell({ tags }: RenderedEvent, name: string): string {
  return tags.filter((tag) => tag.startsWith(`${name}:`)).map((tag) => tag.slice(name.length + 1)).join(',')
}

function attributeCell(attributes: unknown, path: string): Cell {
  if (isRecord(attributes) && Object.hasOwn(attributes, path)) return cellOf(attributes[path]) // a key with dots in it
  let value = attributes
  for (const key of path.split('.')) {
    if (!isRecord(value) || !Object.hasOwn(value, key)) return undefined
    value = value[key]
  }
  return cellOf(value)
}

function cellOf(value: unknown): Cell {
  if (value === null || value === undefined) return undefined
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : JSON.stringify(value)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function quoted(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
