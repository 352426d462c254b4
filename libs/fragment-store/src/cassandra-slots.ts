/** Lets a bounded number of requests run at once; the others wait in order. */
export class Slots {
  readonly #waiting: (() => void)[] = []
  #free: number

  constructor(count: number) {
    this.#free = count
  }

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await work()
    } finally {
      // A slot that somebody waits for goes from hand to hand.
      const next = this.#waiting.shift()
      if (next === undefined) this.#free += 1
      else next()
    }
  }

  /**
   * Does all items, at most `width` at once. After a failure it starts no more of them, and rejects only when those under way have ended,
   * so that nothing still reads the caller's buffers.
   */
  async forEach<Item>(items: Iterable<Item>, width: number, work: (item: Item) => Promise<void>): Promise<void> {
    const left = items[Symbol.iterator]()
    let failure: { readonly error: unknown } | undefined
    const worker = async (): Promise<void> => {
      for (let next = left.next(); next.done !== true && failure === undefined; next = left.next()) {
        const item = next.value
        try {
          await this.run(async () => { await work(item) })
        } catch (error) {
          failure ??= { error }
        }
      }
    }
    await Promise.all(Array.from({ length: width }, worker))
    if (failure !== undefined) throw failure.error
  }
}
