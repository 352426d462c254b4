import { Fifo } from './fifo.ts'

/** What is in memory of one partition: where each of its records stands, 8 bytes each. */
export class PartitionLog {
  readonly topic: string
  readonly partition: number
  /** Offset of the oldest record kept. */
  startOffset = 0
  /** Offset after the last durable record. */
  endOffset = 0
  /** Offset that the next append gets; ahead of `endOffset` while appends wait for the sync. */
  nextOffset = 0
  readonly #runs = new Fifo<Run>()
  readonly #waiting = new Set<() => void>()

  constructor(topic: string, partition: number, startOffset = 0) {
    this.topic = topic
    this.partition = partition
    this.startOffset = this.endOffset = this.nextOffset = startOffset
  }

  /** Adds the record at `endOffset`. */
  add({ segment, position, bytes }: RecordPlace): void {
    let run = this.#runs.at(this.#runs.length - 1)
    if (run?.segment !== segment) {
      run = { segment, firstOffset: this.endOffset, count: 0, places: new Uint32Array(16) }
      this.#runs.push(run)
    }
    if (run.count * 2 === run.places.length) {
      const larger = new Uint32Array(run.places.length * 2)
      larger.set(run.places)
      run.places = larger
    }
    run.places[run.count * 2] = position
    run.places[run.count * 2 + 1] = bytes
    run.count++
    this.endOffset++
    if (this.nextOffset < this.endOffset) this.nextOffset = this.endOffset
  }

  place(offset: number): RecordPlace | undefined {
    if (offset < this.startOffset || offset >= this.endOffset) return undefined
    let low = 0
    let high = this.#runs.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#runs.at(middle)?.firstOffset ?? Infinity) <= offset) low = middle + 1
      else high = middle
    }
    const run = this.#runs.at(low - 1)
    if (run === undefined) return undefined
    const index = (offset - run.firstOffset) * 2
    return { segment: run.segment, position: run.places[index] ?? 0, bytes: run.places[index + 1] ?? 0 }
  }

  /** The oldest segment that holds a record kept; undefined when none is. */
  get oldestSegment(): number | undefined {
    return this.place(this.startOffset)?.segment
  }

  /** Forgets records below `offset`. */
  trim(offset: number): void {
    this.startOffset = Math.max(this.startOffset, Math.min(offset, this.endOffset))
    for (let run = this.#runs.at(0); run !== undefined && run.firstOffset + run.count <= this.startOffset; run = this.#runs.at(0)) this.#runs.shift()
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
}

/** Records of one segment, in order: position and length of each in turn. */
interface Run {
  readonly segment: number
  readonly firstOffset: number
  count: number
  places: Uint32Array
}
