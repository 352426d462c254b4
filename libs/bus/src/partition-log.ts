/** What is in memory of one partition: where each record stands, and the values of the newest ones. */
export class PartitionLog {
  readonly topic: string
  readonly partition: number
  /** Offset of the oldest record kept. */
  startOffset = 0
  /** Offset after the last durable record. */
  endOffset = 0
  /** Offset that the next append gets; ahead of `endOffset` while appends wait for the sync. */
  nextOffset = 0
  #places: RecordPlace[] = []
  readonly #waiting = new Set<() => void>()

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  /** Adds the record at `endOffset`. */
  add(place: RecordPlace): void {
    this.#places.push(place)
    this.endOffset++
    if (this.nextOffset < this.endOffset) this.nextOffset = this.endOffset
  }

  /** Starts an empty partition at an offset, as a mark tells. */
  startAt(offset: number): void {
    this.startOffset = this.endOffset = this.nextOffset = offset
    this.#places = []
  }

  place(offset: number): RecordPlace | undefined {
    return this.#places[offset - this.startOffset]
  }

  /** Forgets records below `offset`. */
  trim(offset: number): void {
    const target = Math.min(offset, this.endOffset)
    if (target <= this.startOffset) return
    this.#places = this.#places.slice(target - this.startOffset)
    this.startOffset = target
  }

  /** Resolves when there is something at `offset`, when `wake` is called, or when the signal aborts. */
  async waitFor(offset: number, signal: AbortSignal): Promise<void> {
    if (this.endOffset > offset || signal.aborted) return
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#waiting.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      this.#waiting.add(done)
      signal.addEventListener('abort', done)
    })
  }

  wake(): void {
    for (const done of this.#waiting) done()
  }
}

export interface RecordPlace {
  readonly segment: number
  readonly position: number
  /** Bytes of the whole record in the file. */
  readonly bytes: number
  readonly appendedMs: number
  /** The value while it is cached. */
  value: Uint8Array | undefined
}
