// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import type { EventId } from '@millrace/event/event'
import { OFFSET_COLUMN, ROW_COLUMN, STREAM_COLUMN } from '@millrace/fragment/event-columns'
import { stringAt } from '@millrace/fragment/strings'
import type { Column } from '@millrace/fragment/table'
import type { FragmentReader } from './fragment-reader.ts'

/** What orders events of one moment: their streams as texts, then offset, then row. It is how merges order them, too. */
export interface RowIds {
  stream(row: number): string
  offset(row: number): number
  received(row: number): number
}

export async function loadIds(fragment: FragmentReader): Promise<RowIds> {
  const streams = (await fragment.columns(STREAM_COLUMN)).find(({ type }) => type === 'string')
  const offset = numbersOf(await fragment.columns(OFFSET_COLUMN))
  const received = numbersOf(await fragment.columns(ROW_COLUMN))
  const stream = ((): ((row: number) => string) => {
    if (streams?.layout === 'text') return (row) => stringAt(streams.strings, row)
    if (streams?.layout !== 'dictionary') return () => '/0'
    const texts = fragment.textsOf(streams.dictionary)
    return (row) => texts[streams.codes[row]! - 1] ?? '/0'
  })()
  return { stream, offset, received }
}

export function eventIdOf(stream: string, offset: number, row: number): EventId {
  const slash = stream.lastIndexOf('/')
  return { generation: stream.slice(0, slash), partition: Number(stream.slice(slash + 1)), offset, row }
}

function numbersOf(columns: readonly Column[]): (row: number) => number {
  const column = columns.find(({ layout }) => layout === 'number')
  return column?.layout === 'number' ? (row) => column.values[row]! : () => 0
}
