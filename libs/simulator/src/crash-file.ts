import type { Random } from '@millrace/runtime/random'
import { integerBelow } from './seeded-random.ts'

/** What one file holds, and which of it a loss of power would leave. Names are no business of a file. */
export class CrashFile {
  /** What the program sees. */
  readonly #seen = new Content()
  /** What the last sync made durable. */
  readonly #durable = new Content()
  /** Changes after it, in order. */
  #changes: Change[] = []

  get size(): number {
    return this.#seen.size
  }

  read(target: Uint8Array, position: number): number {
    const found = this.#seen.bytes.subarray(position, position + target.length)
    target.set(found)
    return found.length
  }

  write(bytes: Uint8Array, position: number): void {
    if (bytes.length === 0) return
    const change: Change = { kind: 'write', position, bytes: Uint8Array.from(bytes), state: 'waiting' }
    this.#seen.apply(change)
    this.#changes.push(change)
  }

  truncate(size: number): void {
    const change: Change = { kind: 'truncate', size, state: 'waiting' }
    this.#seen.apply(change)
    this.#changes.push(change)
  }

  sync(): void {
    for (const change of this.#changes) if (change.state === 'waiting') change.state = 'durable'
    while (this.#changes[0]?.state === 'durable') {
      const [first] = this.#changes.splice(0, 1)
      if (first !== undefined) this.#durable.apply(first)
    }
  }

  /** As Linux does: what waited is no longer dirty, so a later sync succeeds without writing it. Whether it is on the disk nobody knows. */
  failSync(): void {
    for (const change of this.#changes) if (change.state === 'waiting') change.state = 'doubtful'
  }

  /** The file after a loss of power: each change that was not synced is there, or not, or in part. */
  afterCrash(random: Random): CrashFile {
    const file = new CrashFile()
    const whole: Change = { kind: 'write', position: 0, bytes: this.#durable.bytes, state: 'durable' }
    for (const change of [whole, ...this.#changes]) {
      for (const part of change.state === 'durable' ? [change] : surviving(change, random)) {
        file.#durable.apply(part)
        file.#seen.apply(part)
      }
    }
    return file
  }
}

type Change = ({ readonly kind: 'write'; readonly position: number; readonly bytes: Uint8Array } | { readonly kind: 'truncate'; readonly size: number }) & { state: 'waiting' | 'doubtful' | 'durable' }

/** What disks write in one piece. */
const SECTOR_BYTES = 512

class Content {
  size = 0
  /** Zeros behind `size`. */
  #buffer = Buffer.alloc(0)

  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.size)
  }

  apply(change: Change): void {
    if (change.kind === 'truncate') {
      this.#reserve(change.size)
      if (change.size < this.size) this.#buffer.fill(0, change.size, this.size)
      this.size = change.size
    } else {
      const end = change.position + change.bytes.length
      this.#reserve(end)
      this.#buffer.set(change.bytes, change.position)
      this.size = Math.max(this.size, end)
    }
  }

  #reserve(size: number): void {
    if (size <= this.#buffer.length) return
    const larger = Buffer.alloc(Math.max(size, this.#buffer.length * 2))
    this.#buffer.copy(larger)
    this.#buffer = larger
  }
}

function surviving(change: Change, random: Random): Change[] {
  const fate = integerBelow(random, 4)
  if (fate === 0) return []
  if (fate === 1 || change.kind === 'truncate') return [change]
  if (fate === 2) return [{ ...change, bytes: change.bytes.subarray(0, integerBelow(random, change.bytes.length)) }]
  const sectors: Change[] = []
  for (let at = 0; at < change.bytes.length; at += SECTOR_BYTES) {
    if (random.fraction() < 0.5) sectors.push({ ...change, position: change.position + at, bytes: change.bytes.subarray(at, at + SECTOR_BYTES) })
  }
  return sectors
}
