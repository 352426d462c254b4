import type { Key } from './facet-keys.ts'

/**
 * The groups of one query over all fragments: a path of keys each, one per facet. Ids count from 0 per depth; depth 0 is the one group of everything.
 */
export class GroupTree {
  readonly #maxGroups: number
  readonly #depths: Level[]
  #hasOverflowed = false

  /** @param depth number of facets. */
  constructor(depth: number, maxGroups = MAX_GROUPS) {
    this.#maxGroups = maxGroups
    this.#depths = Array.from({ length: depth + 1 }, () => ({ parents: [], keys: [], children: [] }))
    this.#depths[0]?.keys.push('')
    this.#depths[0]?.children.push(new Map())
  }

  /** True when there were more groups than may be, and events of some are missing. */
  get hasOverflowed(): boolean {
    return this.#hasOverflowed
  }

  /** Id of the group below `parent`, which is at `depth - 1`; made when it is new. Undefined when there are too many. */
  childOf(depth: number, parent: number, key: Key): number | undefined {
    const children = this.#depths[depth - 1]?.children[parent]
    const level = this.#depths[depth]
    if (children === undefined || level === undefined) throw new RangeError(`no group ${parent} above depth ${depth}`)
    const known = children.get(key)
    if (known !== undefined) return known
    const id = level.keys.length
    if (id >= this.#maxGroups) {
      this.#hasOverflowed = true
      return undefined
    }
    children.set(key, id)
    level.keys.push(key)
    level.parents.push(parent)
    level.children.push(new Map())
    return id
  }

  /** Keys and ids of the groups below one. */
  children(depth: number, group: number): ReadonlyMap<Key, number> {
    return this.#depths[depth]?.children[group] ?? new Map<Key, number>()
  }

  /** True when a group of the last depth is below it, or it is one: its events may all lack an inner facet. */
  hasBucket(depth: number, group: number): boolean {
    if (depth === this.#depths.length - 1) return true
    for (const child of this.children(depth, group).values()) if (this.hasBucket(depth + 1, child)) return true
    return false
  }

  /** Id of the group at `depth` that holds the group `group` of depth `from`. */
  ancestor(from: number, group: number, depth: number): number {
    let id = group
    for (let at = from; at > depth; at--) id = this.#depths[at]?.parents[id] ?? 0
    return id
  }
}

/** Each takes some hundred bytes with its counters; more than this nobody reads, and the top ones are better asked by fewer facets. */
export const MAX_GROUPS = 100_000

interface Level {
  readonly parents: number[]
  readonly keys: Key[]
  readonly children: Map<Key, number>[]
}
