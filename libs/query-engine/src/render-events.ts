// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import type { EventId } from '@millrace/event/event'
import { RESERVED_COLUMNS } from '@millrace/fragment/event-columns'
import type { ColumnHeader } from '@millrace/fragment/fragment'
import { valueAt, type PlainValue } from '@millrace/fragment/plain-rows'
import type { Column, TextColumn } from '@millrace/fragment/table'
import { tagsOf } from './filters/facet-columns.ts'
import type { FragmentReader } from './fragment-reader.ts'
import { nestAttributes, type NamedJson } from './nest-attributes.ts'
import type { RenderedEvent } from './query-engine.ts'

/** Where an event stands, and what orders it. */
export interface EventPlace {
  readonly fragment: FragmentReader
  readonly row: number
  readonly id: EventId
  readonly timestampNs: bigint
}

/** Puts events together from their columns. @throws as reading does. */
export async function renderEvents(fragment: FragmentReader, places: readonly EventPlace[]): Promise<readonly RenderedEvent[]> {
  const rows = Uint32Array.from(places, ({ row }) => row)
  const columns: PlacedColumn[] = []
  for (const header of fragment.header.columns) {
    if (header.name.startsWith('_')) continue
    const texts = await textsOfRows(fragment, header, rows)
    if (texts !== undefined) columns.push({ column: texts, rowOf: (index) => index })
    else for (const column of await fragment.column(header)) columns.push({ column, rowOf: (index) => rows[index]! })
  }
  return places.map((place, index) => renderEvent(columns, place, index))
}

/** A column in which the event of a place stands in another row. */
interface PlacedColumn {
  readonly column: Column
  /** Row of the event with this index among the places. */
  readonly rowOf: (index: number) => number
}

/** The texts of these rows alone, where making all would cost more. Undefined when the whole column is as good. */
async function textsOfRows(fragment: FragmentReader, header: ColumnHeader, rows: Uint32Array): Promise<TextColumn | undefined> {
  const { name, type, layout } = header
  if (layout !== 'text' || type === 'number' || type === 'literal' || fragment.hasColumn(header) || rows.length * FEW_ROWS > fragment.header.rows) return undefined
  const [templates, texts] = [await fragment.templates(header), await fragment.templateTexts(header)]
  if (templates === undefined || texts === undefined) return await fragment.textRows(header, rows)
  return { layout, name, type, strings: texts.textRows(rows), present: Uint8Array.from(rows, (row) => (templates.codes[row] === 0 ? 0 : 1)) }
}

/** With a sixteenth of the rows or more the whole column costs little more, and is kept for what comes next. */
const FEW_ROWS = 16

function renderEvent(columns: readonly PlacedColumn[], { id, timestampNs }: EventPlace, index: number): RenderedEvent {
  const reserved = new Map<string, string>()
  const attributes: NamedJson[] = []
  for (const { column, rowOf } of columns) {
    const value = valueAt(column, rowOf(index))
    if (value === undefined) continue
    if (column.name.startsWith('@')) attributes.push({ name: column.name.slice(1), json: jsonOf(value) })
    else if (RESERVED.has(column.name)) reserved.set(column.name, typeof value === 'string' ? value : jsonOf(value))
  }
  return {
    id, timestampNs,
    message: reserved.get('message'), status: reserved.get('status'), service: reserved.get('service'), host: reserved.get('host'), source: reserved.get('source'),
    traceId: reserved.get('trace_id'), spanId: reserved.get('span_id'),
    tags: tagsOf(reserved.get('tags') ?? ''),
    attributesJson: nestAttributes(attributes),
  }
}

const RESERVED: ReadonlySet<string> = new Set(RESERVED_COLUMNS)

function jsonOf(value: PlainValue): string {
  if (typeof value === 'object' && value !== null) return 'json' in value ? value.json : value.numeral
  // JSON has no word for them; metric points do.
  if (typeof value === 'number' && !Number.isFinite(value)) return JSON.stringify(String(value))
  return JSON.stringify(value)
}
