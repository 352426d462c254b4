import type { FragmentReader } from '../fragment-reader.ts'

/** One condition of a search, ready to be asked about any fragment. */
export interface Filter {
  /** Evaluated in ascending order, each on the rows that are left: 1 = codes and numbers, 3 = texts, 4 = regular expressions. */
  readonly cost: number
  /** What header, dictionaries and Bloom filters alone can tell. Ask through {@link FragmentReader.decide}, which remembers. */
  decide(fragment: FragmentReader): Promise<Decision>
  /** Reads the columns that it needs; after that rows are filtered without waiting. */
  load(fragment: FragmentReader): Promise<RowFilter>
}

/** `none` and `all` are certain. */
export type Decision = 'none' | 'some' | 'all'

/** Clears `mask[i]` when row `start + i` does not match. Cleared ones stay so, and need no look. */
export type RowFilter = (start: number, mask: Uint8Array) => void

export const KEEP_ALL: RowFilter = () => undefined
export const KEEP_NONE: RowFilter = (_, mask) => {
  mask.fill(0)
}
