import { MAX_BUFFERED_BYTES, MAX_BUFFERED_FRAGMENTS, type TailFragment, type TailItem } from './tail.ts'

/** What one subscriber has not taken yet: when it is full the oldest go, and are counted on the item that follows. One reader only. */
export class TailBuffer implements AsyncIterable<TailItem> {
  readonly #onEnd: () => void
  readonly #fragments: { readonly fragment: TailFragment; readonly missed: Missed }[] = []
  /** What was missed after the last fragment. */
  #missed: Missed = NOTHING
  #bytes = 0
  #isEnded = false
  #wake: (() => void) | undefined

  /** @param onEnd called once: nothing more is wanted. */
  constructor(onEnd: () => void) {
    this.#onEnd = onEnd
  }

  push(fragment: TailFragment): void {
    this.#fragments.push({ fragment, missed: this.#missed })
    this.#missed = NOTHING
    this.#bytes += fragment.bytes.length
    while (this.#fragments.length > MAX_BUFFERED_FRAGMENTS || this.#bytes > MAX_BUFFERED_BYTES) this.#dropOldest()
    this.#wake?.()
  }

  /** Tells of fragments that were dropped elsewhere. */
  miss(missed: Partial<Missed>): void {
    this.#missed = sumOf(this.#missed, { ...NOTHING, ...missed })
    this.#wake?.()
  }

  /** What is in the buffer may still be taken. */
  end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#onEnd()
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TailItem, void> {
    try {
      for (;;) {
        const next = this.#take()
        if (next !== undefined) yield next
        else if (this.#isEnded) return
        else await new Promise<void>((resolve) => { this.#wake = resolve })
      }
    } finally {
      this.end()
    }
  }

  #take(): TailItem | undefined {
    const oldest = this.#fragments.shift()
    if (oldest !== undefined) {
      this.#bytes -= oldest.fragment.bytes.length
      return { fragment: oldest.fragment, ...oldest.missed }
    }
    if (this.#missed === NOTHING) return undefined
    const missed = this.#missed
    this.#missed = NOTHING
    return { fragment: undefined, ...missed }
  }

  #dropOldest(): void {
    const dropped = this.#fragments.shift()
    if (dropped === undefined) return
    this.#bytes -= dropped.fragment.bytes.length
    const missed = sumOf(dropped.missed, { droppedBefore: 1, hasGapBefore: false })
    const next = this.#fragments[0]
    if (next === undefined) this.#missed = sumOf(missed, this.#missed)
    else this.#fragments[0] = { fragment: next.fragment, missed: sumOf(missed, next.missed) }
  }
}

type Missed = Pick<TailItem, 'droppedBefore' | 'hasGapBefore'>
const NOTHING: Missed = { droppedBefore: 0, hasGapBefore: false }

function sumOf(a: Missed, b: Missed): Missed {
  return { droppedBefore: a.droppedBefore + b.droppedBefore, hasGapBefore: a.hasGapBefore || b.hasGapBefore }
}
