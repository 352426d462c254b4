import type { EventId } from './event.ts'

/** Writes an id as `<generation>-<partition>-<offset>-<row>`: safe in URLs and in any quoting, one text per id. */
export function eventIdText({ generation, partition, offset, row }: EventId): string {
  return `${generation}-${partition}-${offset}-${row}`
}

/** Reads what {@link eventIdText} wrote. Undefined for every other text. */
export function parseEventId(text: string): EventId | undefined {
  const [, generation, ...numbers] = EVENT_ID.exec(text) ?? []
  const [partition, offset, row] = numbers.map(Number)
  if (generation === undefined || partition === undefined || offset === undefined || row === undefined) return undefined
  return [partition, offset, row].every(Number.isSafeInteger) ? { generation, partition, offset, row } : undefined
}

/** Numbers without leading zeros, so that no id has two texts. */
const EVENT_ID = /^([a-z0-9]{1,12})-(0|[1-9]\d{0,15})-(0|[1-9]\d{0,15})-(0|[1-9]\d{0,15})$/
