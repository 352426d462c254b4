import { link, mkdir, open, readdir, rm, type FileHandle } from 'node:fs/promises'
import { constants } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Disk, DiskFile } from './disk.ts'

/** The machine's file system. */
export const systemDisk: Disk = {
  async makeDirectory(path) {
    const highest = await mkdir(path, { recursive: true })
    // The parent is synced even where nothing was created: an earlier process may have ended between the two steps.
    let parent = dirname(resolve(path))
    await syncDirectory(parent)
    const top = highest === undefined ? parent : dirname(resolve(highest))
    while (parent !== top) await syncDirectory((parent = dirname(parent)))
  },
  async list(path) {
    try {
      return await readdir(path)
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
      throw error
    }
  },
  async open(path, { create }) {
    return new SystemFile(await open(path, create ? constants.O_RDWR | constants.O_CREAT : constants.O_RDWR))
  },
  async link(from, to) {
    await link(from, to)
  },
  async remove(path) {
    await rm(path, { force: true })
  },
  syncDirectory,
}

async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path)
  await directory.sync()
}

class SystemFile implements DiskFile {
  readonly #handle: FileHandle

  constructor(handle: FileHandle) {
    this.#handle = handle
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    let filled = 0
    while (filled < target.length) {
      const { bytesRead } = await this.#handle.read(target, filled, target.length - filled, position + filled)
      if (bytesRead === 0) break
      filled += bytesRead
    }
    return filled
  }

  async write(parts: readonly Uint8Array[], position: number): Promise<void> {
    const bytes = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts)
    let written = 0
    while (written < bytes.length) written += (await this.#handle.write(bytes, written, bytes.length - written, position + written)).bytesWritten
  }

  async dataSync(): Promise<void> {
    await this.#handle.datasync()
  }

  async truncate(size: number): Promise<void> {
    await this.#handle.truncate(size)
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}
