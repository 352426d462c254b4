/** Where a member can be stopped in the middle of its work. */
export type FreezePlace = 'put' | 'commit' | 'append'

/**
 * Freezes the first that comes to a place, as a stopped machine would: it stands in the middle of its work and knows of nothing, until it is thawed and goes on as if no
 * time had passed. Others pass, before and after.
 */
export class Freeze {
  /** Resolves with the partition that the frozen one works on. */
  readonly reached: Promise<number>
  /** Resolves when what was frozen is done or has failed. */
  readonly ended: Promise<void>
  readonly #place: FreezePlace
  readonly #thawed: Promise<void>
  #reach: (partition: number) => void = () => undefined
  #thaw: () => void = () => undefined
  #end: () => void = () => undefined
  #isTaken = false

  constructor(place: FreezePlace) {
    this.#place = place
    this.reached = new Promise((resolve) => (this.#reach = resolve))
    this.#thawed = new Promise((resolve) => (this.#thaw = resolve))
    this.ended = new Promise((resolve) => (this.#end = resolve))
  }

  async around<T>(place: FreezePlace, partition: number, work: () => Promise<T>): Promise<T> {
    if (place !== this.#place || this.#isTaken) return await work()
    this.#isTaken = true
    this.#reach(partition)
    await this.#thawed
    try {
      return await work()
    } finally {
      this.#end()
    }
  }

  /** For good: where nobody was frozen yet, nobody will be. */
  thaw(): void {
    if (!this.#isTaken) this.#end()
    this.#isTaken = true
    this.#thaw()
  }
}
