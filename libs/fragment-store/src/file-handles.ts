import type { Disk, DiskFile } from '@millrace/runtime/disk'

/**
 * Keeps files open between reads, the most recently used ones: opening costs several times what a read from the page cache does.
 * A file that is in use when its turn to close comes is closed after its last use.
 */
export class FileHandles {
  readonly #disk: Disk
  readonly #capacity: number
  /** In order of use, the oldest first. */
  readonly #files = new Map<string, OpenFile>()

  constructor(disk: Disk, capacity: number) {
    this.#disk = disk
    this.#capacity = capacity
  }

  /** Answers what `work` does with the file, or undefined when there is none. @throws what the disk or `work` throws. */
  async use<Result>(path: string, work: (file: DiskFile) => Promise<Result>): Promise<Result | undefined> {
    const open = this.#files.get(path) ?? { file: openExisting(this.#disk, path), uses: 0, isForgotten: false }
    open.uses++
    this.#files.delete(path)
    this.#files.set(path, open)
    try {
      for (const [oldest] of this.#files) {
        if (this.#files.size <= this.#capacity) break
        await this.forget(oldest)
      }
      const file = await open.file
      if (file === undefined) return undefined
      return await work(file)
    } finally {
      open.uses--
      // A file that could not be opened is tried again the next time.
      if ((await open.file.catch(() => undefined)) === undefined && this.#files.get(path) === open) this.#files.delete(path)
      await closeUnused(open)
    }
  }

  /** Lets go of a file, because it was removed or its place is needed. */
  async forget(path: string): Promise<void> {
    const open = this.#files.get(path)
    if (open === undefined) return
    this.#files.delete(path)
    open.isForgotten = true
    await closeUnused(open)
  }

  async close(): Promise<void> {
    for (const path of [...this.#files.keys()]) await this.forget(path)
  }
}

interface OpenFile {
  readonly file: Promise<DiskFile | undefined>
  uses: number
  isForgotten: boolean
}

async function openExisting(disk: Disk, path: string): Promise<DiskFile | undefined> {
  try {
    return await disk.open(path, { create: false })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

async function closeUnused(open: OpenFile): Promise<void> {
  if (!open.isForgotten || open.uses > 0) return
  open.uses = Infinity // closed once, whoever comes next
  await (await open.file)?.close()
}
