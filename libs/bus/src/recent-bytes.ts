import { Fifo } from './fifo.ts'

/** The newest bytes of the log as they were written, so that readers at its end touch no disk. Oldest go first, whether they were read or not. */
export class RecentBytes {
  readonly #chunks = new Fifo<RecentChunk>()
  readonly #maxBytes: number
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Takes what was appended; nobody may write to it afterwards. */
  add(segment: number, position: number, bytes: Buffer): void {
    this.#chunks.push({ segment, position, bytes })
    this.#bytes += bytes.length + CHUNK_OVERHEAD_BYTES
    while (this.#bytes > this.#maxBytes) this.#bytes -= (this.#chunks.shift()?.bytes.length ?? this.#bytes) + CHUNK_OVERHEAD_BYTES
  }

  /** The `length` bytes at a place of the log, if they are still here. */
  find(segment: number, position: number, length: number): Buffer | undefined {
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const chunk = this.#chunks.at(middle)
      if (chunk !== undefined && (chunk.segment < segment || (chunk.segment === segment && chunk.position <= position))) low = middle + 1
      else high = middle
    }
    const chunk = this.#chunks.at(low - 1)
    if (chunk?.segment !== segment) return undefined
    const start = position - chunk.position
    return start + length <= chunk.bytes.length ? chunk.bytes.subarray(start, start + length) : undefined
  }
}

interface RecentChunk {
  readonly segment: number
  readonly position: number
  readonly bytes: Buffer
}

/** Buffer and chunk objects. */
const CHUNK_OVERHEAD_BYTES = 300
