import type { EventId } from '@millrace/event/event'
import { RESERVED_COLUMNS } from '@millrace/fragment/event-columns'
import { valueAt, type PlainValue } from '@millrace/fragment/plain-rows'
import type { Column } from '@millrace/fragment/table'
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
  const names = new Set(fragment.header.columns.map(({ name }) => name))
  const columns: Column[] = []
  for (const name of names) if (!name.startsWith('_')) columns.push(...(await fragment.columns(name)))
  return places.map((place) => renderEvent(columns, place))
}

function renderEvent(columns: readonly Column[], { row, id, timestampNs }: EventPlace): RenderedEvent {
  const reserved = new Map<string, string>()
  const attributes: NamedJson[] = []
  for (const column of columns) {
    const value = valueAt(column, row)
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
