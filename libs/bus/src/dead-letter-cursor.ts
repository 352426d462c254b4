/** Where the next page of a list of dead letters goes on, per partition: newest first the offset that it ends below, oldest first the offset that it begins at. */
export interface DeadLetterCursor {
  readonly order: DeadLetterOrder
  readonly offsets: ReadonlyMap<number, number>
}

export type DeadLetterOrder = 'newest' | 'oldest'

/** `newest.0-17.3-4`: of partition 0 what is below 17, of partition 3 what is below 4, of the others nothing. */
export function deadLetterCursorText({ order, offsets }: DeadLetterCursor): string {
  return [order, ...[...offsets].sort(([a], [b]) => a - b).map(([partition, offset]) => `${partition}-${offset}`)].join('.')
}

/** Reads what {@link deadLetterCursorText} wrote. Undefined for every other text. */
export function parseDeadLetterCursor(text: string): DeadLetterCursor | undefined {
  if (text.length > MAX_CURSOR_LENGTH) return undefined
  const [order, ...places] = text.split('.')
  if ((order !== 'newest' && order !== 'oldest') || places.length === 0) return undefined
  const offsets = new Map<number, number>()
  for (const place of places) {
    const [, partition, offset] = PLACE.exec(place) ?? []
    if (partition === undefined || offset === undefined || offsets.has(Number(partition))) return undefined
    offsets.set(Number(partition), Number(offset))
  }
  return { order, offsets }
}

const PLACE = /^(0|[1-9]\d{0,5})-(0|[1-9]\d{0,14})$/
/** Enough for a thousand partitions, and still short enough for a URL. */
const MAX_CURSOR_LENGTH = 16_000
