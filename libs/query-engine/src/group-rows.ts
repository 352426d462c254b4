// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.
import type { Facet } from '@millrace/query-language/ast'
import { loadKeys, type FacetKeys, type Key } from './facet-keys.ts'
import type { FragmentReader } from './fragment-reader.ts'
import type { GroupTree } from './group-tree.ts'
import { numberOf } from './patterns/decimal.ts'
import type { GroupBy } from './query-engine.ts'

/** One facet to group by, its text understood. */
export interface GroupFacet {
  readonly facet: Facet
  readonly groupBy: GroupBy
}

/** Rows in groups; a row with several values of a facet is there several times, one without is left out. */
export interface GroupedRows {
  readonly rows: Uint32Array
  /** Group of each at the tree's last depth. */
  readonly groups: Uint32Array
}

/** Reads the facets' columns; what it answers puts rows into the groups of `tree`. */
export async function loadGroups(fragment: FragmentReader, facets: readonly GroupFacet[], tree: GroupTree): Promise<(rows: Uint32Array) => GroupedRows> {
  const loaded: FacetKeys[] = []
  for (const { facet } of facets) loaded.push(await loadKeys(fragment, facet))
  return (rows) => {
    let grouped: GroupedRows = { rows, groups: new Uint32Array(rows.length) }
    loaded.forEach((keys, index) => {
      const { groupBy } = facets[index]!
      grouped = split(grouped, keys, (key) => bucketKey(groupBy, key), tree, index + 1)
    })
    return grouped
  }
}

/** A facet's key as its bucket's value; undefined for what is in no bucket. @param key undefined when the event lacks the facet. */
export function bucketKey({ histogram, missing, prefix }: GroupBy, key: Key | undefined): Key | undefined {
  if (key === undefined) return missing
  if (prefix !== undefined && !String(key).startsWith(prefix)) return undefined
  if (histogram === undefined) return key
  const value = typeof key === 'number' ? key : numberOf(key)
  const { interval, min, max } = histogram
  return value >= min && value < max ? min + Math.floor((value - min) / interval) * interval : undefined
}

/** A larger table of pairs would not stay in the cache of the processor. */
const MAX_DENSE_PAIRS = 1024 * 1024
const UNKNOWN = 0
const DROPPED = 1

/** Splits groups by one more facet. */
function split({ rows, groups }: GroupedRows, facetKeys: FacetKeys, bucketOf: (key: Key | undefined) => Key | undefined, tree: GroupTree, depth: number): GroupedRows {
  const { from, codes } = facetKeys.assign(rows)
  const { local, ids } = renumber(groups)
  const width = facetKeys.keys.length + 1
  // Per pair of group and code: the new group's id plus 2.
  const isDense = ids.length * width <= MAX_DENSE_PAIRS
  const dense = new Uint32Array(isDense ? ids.length * width : 0)
  const sparse = new Map<number, number>()
  const newRows = new Uint32Array(codes.length)
  const newGroups = new Uint32Array(codes.length)
  let count = 0
  const resolve = (at: number, code: number): number => {
    const key = bucketOf(code === 0 ? undefined : facetKeys.keys[code - 1])
    const id = key === undefined ? undefined : tree.childOf(depth, ids[local[at]!]!, key)
    return id === undefined ? DROPPED : id + 2
  }
  if (isDense && from === undefined) {
    for (let i = 0; i < codes.length; i++) {
      const pair = local[i]! * width + codes[i]!
      let made = dense[pair]!
      if (made === UNKNOWN) made = dense[pair] = resolve(i, codes[i]!)
      newRows[count] = rows[i]!
      newGroups[count] = made - 2
      if (made !== DROPPED) count++
    }
    return { rows: newRows.subarray(0, count), groups: newGroups.subarray(0, count) }
  }
  // Two values of one row may fall into one bucket of a histogram: they are one event there.
  const ownBuckets = new Set<number>()
  let lastAt = -1
  for (let i = 0; i < codes.length; i++) {
    const at = from === undefined ? i : from[i]!
    const pair = local[at]! * width + codes[i]!
    const made = (isDense ? dense[pair] : sparse.get(pair)) ?? UNKNOWN
    const bucket = made === UNKNOWN ? resolve(at, codes[i]!) : made
    if (isDense) dense[pair] = bucket
    else sparse.set(pair, bucket)
    if (at !== lastAt) ownBuckets.clear()
    lastAt = at
    if (bucket === DROPPED || ownBuckets.has(bucket)) continue
    ownBuckets.add(bucket)
    newRows[count] = rows[at]!
    newGroups[count++] = bucket - 2
  }
  return { rows: newRows.subarray(0, count), groups: newGroups.subarray(0, count) }
}

/** Numbers the groups that occur from 0, so that tables over them are small. */
function renumber(groups: Uint32Array): { readonly local: Uint32Array; readonly ids: readonly number[] } {
  const local = new Uint32Array(groups.length)
  const known = new Map<number, number>()
  const ids: number[] = []
  let last = -1
  let lastLocal = -1
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i]!
    if (group !== last) {
      last = group
      const found = known.get(group)
      lastLocal = found ?? ids.push(group) - 1
      if (found === undefined) known.set(group, lastLocal)
    }
    local[i] = lastLocal
  }
  return { local, ids }
}
