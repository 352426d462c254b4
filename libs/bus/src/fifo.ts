/** A queue whose both ends are cheap at any length, where an array's `shift` moves everything. */
export class Fifo<Item> {
  #items: (Item | undefined)[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  push(item: Item): void {
    this.#items.push(item)
  }

  /** The item `index` places behind the oldest. */
  at(index: number): Item | undefined {
    return index < 0 ? undefined : this.#items[this.#head + index]
  }

  shift(): Item | undefined {
    if (this.length === 0) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head++] = undefined
    if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }
}

/** Below it the empty places cost less than moving. */
const COMPACT_AT = 64
