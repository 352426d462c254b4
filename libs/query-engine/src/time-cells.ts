// Loops over typed arrays: an index below the length is in range, which the compiler cannot see.

/** The points in time of one query's groups, for one interval. */
export class TimeCells {
  readonly #intervalMs: number
  readonly #maxCells: number
  readonly #byGroup: Map<number, number>[] = []
  #count = 0
  #hasOverflowed = false

  constructor(intervalMs: number, maxCells = MAX_TIME_CELLS) {
    this.#intervalMs = intervalMs
    this.#maxCells = maxCells
  }

  /** True when there were more points than may be, and events of some are missing. */
  get hasOverflowed(): boolean {
    return this.#hasOverflowed
  }

  /** Cells of a group by the start of their point, ms since 1970, in no order. */
  cellsOf(group: number): ReadonlyMap<number, number> {
    return this.#byGroup[group] ?? new Map<number, number>()
  }

  /**
   * The cell of each row; `rows` shrinks when there are too many cells.
   *
   * @param groups one per row. @param timeOffsets of the whole fragment, ns since `dayMs`.
   */
  assign(rows: Uint32Array, groups: Uint32Array, timeOffsets: Float64Array, dayMs: number): { readonly rows: Uint32Array; readonly cells: Uint32Array } {
    const cells = new Uint32Array(rows.length)
    const { points, firstPoint, lastPoint } = this.#pointsOf(rows, timeOffsets, dayMs)
    let lastGroup = 0
    for (let i = 0; i < groups.length; i++) if (groups[i]! > lastGroup) lastGroup = groups[i]!
    const width = Math.max(1, lastPoint - firstPoint + 1)
    const dense = new Uint32Array((lastGroup + 1) * width <= MAX_DENSE_CELLS ? (lastGroup + 1) * width : 0)
    let kept = rows
    for (let i = 0; i < points.length; i++) {
      const pair = groups[i]! * width + points[i]! - firstPoint
      let cell = dense[pair] ?? 0
      if (cell === 0) {
        cell = this.#cellAt(groups[i]!, points[i]! * this.#intervalMs) + 1
        if (dense.length > 0) dense[pair] = cell
      }
      cells[i] = cell
    }
    if (this.#hasOverflowed) kept = rows.filter((_, index) => cells[index] !== 0)
    const named = this.#hasOverflowed ? cells.filter((cell) => cell !== 0) : cells
    for (let i = 0; i < named.length; i++) named[i]!--
    return { rows: kept, cells: named }
  }

  /** Number of each row's point: its time divided by the interval. */
  #pointsOf(rows: Uint32Array, timeOffsets: Float64Array, dayMs: number): { readonly points: Float64Array; readonly firstPoint: number; readonly lastPoint: number } {
    const points = new Float64Array(rows.length)
    let [start, end, point, firstPoint, lastPoint] = [0, 0, 0, Infinity, -Infinity]
    for (let i = 0; i < rows.length; i++) {
      const offset = timeOffsets[rows[i]!]!
      // Rows mostly ascend in time, so that few leave the point of the one before.
      if (!(offset >= start && offset < end)) {
        point = Math.floor((dayMs + Math.floor(offset / NS_PER_MS)) / this.#intervalMs)
        start = (point * this.#intervalMs - dayMs) * NS_PER_MS
        end = start + this.#intervalMs * NS_PER_MS
        if (point < firstPoint) firstPoint = point
        if (point > lastPoint) lastPoint = point
      }
      points[i] = point
    }
    return { points, firstPoint, lastPoint }
  }

  /** -1 when there are too many. */
  #cellAt(group: number, timeMs: number): number {
    const cells = (this.#byGroup[group] ??= new Map())
    const known = cells.get(timeMs)
    if (known !== undefined) return known
    if (this.#count >= this.#maxCells) {
      this.#hasOverflowed = true
      return -1
    }
    cells.set(timeMs, this.#count)
    return this.#count++
  }
}

/** A thousand groups with a thousand points each; an answer with more would be hundreds of megabytes. */
export const MAX_TIME_CELLS = 1_000_000
/** Of one fragment; a larger table would not stay in the cache of the processor. */
const MAX_DENSE_CELLS = 1024 * 1024
const NS_PER_MS = 1_000_000
