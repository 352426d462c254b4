import { dirname } from 'node:path'
import type { Disk, DiskFile } from '@millrace/runtime/disk'
import type { Random } from '@millrace/runtime/random'
import { CrashFile } from './crash-file.ts'

export interface CrashDiskOptions {
  /** Decides what of the unsynced survives a crash, and which operations take longer than others. */
  readonly random: Random
  /** Bytes of all files together, beyond which a write fails with ENOSPC. Absent = no limit. */
  readonly capacityBytes?: number
}

/**
 * A disk in memory that forgets at a crash what was not synced, or keeps it, or keeps it in part, as real ones do. Nothing orders unsynced changes:
 * bytes of different files and names in different folders survive independently.
 */
export class CrashDisk implements Disk {
  readonly #options: CrashDiskOptions
  readonly #folders: Map<string, Folder>
  #isOff = false
  #operations = 0
  #offAt = Infinity
  #capacityBytes: number
  readonly #faults: { readonly operation: Operation; countdown: number; readonly code: string }[] = []

  constructor(options: CrashDiskOptions, folders: Map<string, Folder> = new Map([['/', new Folder()]])) {
    this.#options = options
    this.#folders = folders
    this.#capacityBytes = options.capacityBytes ?? Infinity
  }

  /** Operations so far: a test that knows how many a run takes can lose power at each of them. */
  get operations(): number {
    return this.#operations
  }

  /** Loses power: every later operation of this disk and its files fails, and the disk that comes back holds what was durable, and of the rest what chance left. */
  crash(): CrashDisk {
    this.#isOff = true
    const survivors = new Map<CrashFile, CrashFile>()
    const folders = new Map<string, Folder>()
    for (const [path, folder] of this.#folders) folders.set(path, folder.afterCrash(this.#options.random, survivors))
    return new CrashDisk({ ...this.#options, capacityBytes: this.#capacityBytes }, folders)
  }

  /** Ends the process but not the machine: later operations of this disk fail, and the next process sees all that was written, synced or not. */
  endProcess(): CrashDisk {
    this.#isOff = true
    return new CrashDisk({ ...this.#options, capacityBytes: this.#capacityBytes }, this.#folders)
  }

  /** Loses power in the midst of the operation that is `count` operations away (1 = the next one). {@link crash} then gives the disk that comes back. */
  losePowerAfter(count: number): void {
    this.#offAt = this.#operations + count
  }

  /** Makes the `count`-th operation of this kind from now on fail (1 = the next one). */
  fail(operation: Operation, count = 1, code = 'EIO'): void {
    this.#faults.push({ operation, countdown: count, code })
  }

  setCapacity(bytes: number): void {
    this.#capacityBytes = bytes
  }

  async makeDirectory(path: string): Promise<void> {
    await this.#operate('makeDirectory')
    for (let folder = path; !this.#folders.has(folder); folder = dirname(folder)) this.#folders.set(folder, new Folder())
  }

  async list(path: string): Promise<readonly string[]> {
    await this.#operate('list')
    const below = path === '/' ? '/' : `${path}/`
    const folders = [...this.#folders.keys()].filter((folder) => folder !== '/' && dirname(folder) === path).map((folder) => folder.slice(below.length))
    return [...(this.#folders.get(path)?.names ?? []), ...folders]
  }

  async open(path: string, { create }: { readonly create: boolean }): Promise<DiskFile> {
    await this.#operate('open')
    const { folder, name } = this.#place(path)
    let file = folder.get(name)
    if (file === undefined) {
      if (!create) throw diskError('ENOENT', path)
      file = new CrashFile()
      folder.set(name, file)
    }
    return this.#handle(file)
  }

  async link(from: string, to: string): Promise<void> {
    await this.#operate('link')
    const source = this.#place(from)
    const target = this.#place(to)
    const file = source.folder.get(source.name)
    if (file === undefined) throw diskError('ENOENT', from)
    if (target.folder.get(target.name) !== undefined) throw diskError('EEXIST', to)
    target.folder.set(target.name, file)
  }

  async remove(path: string): Promise<void> {
    await this.#operate('remove')
    if (!this.#folders.has(dirname(path))) return
    const { folder, name } = this.#place(path)
    if (folder.get(name) !== undefined) folder.set(name, undefined)
  }

  async syncDirectory(path: string): Promise<void> {
    await this.#operate('syncDirectory')
    const folder = this.#folders.get(path)
    if (folder === undefined) throw diskError('ENOENT', path)
    folder.sync()
  }

  #handle(file: CrashFile): DiskFile {
    let isOpen = true
    const operate = async (operation: Operation, inTheMidst?: () => void): Promise<void> => {
      await this.#operate(operation, inTheMidst)
      if (!isOpen) throw diskError('EBADF', operation)
    }
    return {
      size: async () => {
        await operate('size')
        return file.size
      },
      read: async (target, position) => {
        await operate('read')
        return file.read(target, position)
      },
      write: async (parts, position) => {
        const bytes = Buffer.concat(parts)
        // A write that fails, or during which the power goes, may have done its work.
        await operate('write', () => {
          file.write(bytes, position)
        })
        const room = this.#capacityBytes - this.#usedBytes() + Math.max(0, file.size - position)
        file.write(bytes.subarray(0, Math.max(0, room)), position)
        if (room < bytes.length) throw diskError('ENOSPC', 'write')
      },
      dataSync: async () => {
        await operate('sync', () => {
          file.failSync()
        })
        file.sync()
      },
      truncate: async (size) => {
        await operate('truncate')
        file.truncate(size)
      },
      close: async () => {
        await operate('close')
        isOpen = false
      },
    }
  }

  async #operate(operation: Operation, inTheMidst?: () => void): Promise<void> {
    // Operations that were asked for at once do not end in that order.
    if (this.#options.random.fraction() < SLOW_SHARE) await new Promise((resolve) => setImmediate(resolve))
    else await Promise.resolve()
    if (this.#isOff) throw diskError('EIO', `${operation}: the power is off`)
    if (++this.#operations >= this.#offAt) {
      inTheMidst?.()
      this.#isOff = true
      throw diskError('EIO', `${operation}: the power went off`)
    }
    for (const fault of this.#faults.filter((each) => each.operation === operation)) {
      if (--fault.countdown > 0) continue
      this.#faults.splice(this.#faults.indexOf(fault), 1)
      inTheMidst?.()
      throw diskError(fault.code, operation)
    }
  }

  #place(path: string): { readonly folder: Folder; readonly name: string } {
    const folder = this.#folders.get(dirname(path))
    if (folder === undefined) throw diskError('ENOENT', path)
    return { folder, name: path.slice(path.lastIndexOf('/') + 1) }
  }

  #usedBytes(): number {
    const files = new Set([...this.#folders.values()].flatMap((folder) => folder.files))
    return [...files].reduce((sum, { size }) => sum + size, 0)
  }
}

export type Operation = 'makeDirectory' | 'list' | 'open' | 'link' | 'remove' | 'syncDirectory' | 'size' | 'read' | 'write' | 'sync' | 'truncate' | 'close'

/** Of all operations. Enough for every order to occur, and few enough that a run stays short. */
const SLOW_SHARE = 0.2

class Folder {
  readonly #names = new Map<string, CrashFile>()
  readonly #durable = new Map<string, CrashFile>()
  #changes: { readonly name: string; readonly file: CrashFile | undefined }[] = []

  get names(): readonly string[] {
    return [...this.#names.keys()]
  }

  get files(): readonly CrashFile[] {
    return [...this.#names.values()]
  }

  get(name: string): CrashFile | undefined {
    return this.#names.get(name)
  }

  set(name: string, file: CrashFile | undefined): void {
    put(this.#names, name, file)
    this.#changes.push({ name, file })
  }

  sync(): void {
    for (const { name, file } of this.#changes) put(this.#durable, name, file)
    this.#changes = []
  }

  /** @param survivors a file that has several names is one file also afterwards. */
  afterCrash(random: Random, survivors: Map<CrashFile, CrashFile>): Folder {
    for (const { name, file } of this.#changes) if (random.fraction() < 0.5) put(this.#durable, name, file)
    const folder = new Folder()
    for (const [name, file] of this.#durable) {
      const survivor = survivors.get(file) ?? file.afterCrash(random)
      survivors.set(file, survivor)
      folder.set(name, survivor)
    }
    folder.sync()
    return folder
  }
}

function put(names: Map<string, CrashFile>, name: string, file: CrashFile | undefined): void {
  if (file === undefined) names.delete(name)
  else names.set(name, file)
}

function diskError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code })
}
