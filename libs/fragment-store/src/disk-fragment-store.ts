import assert from 'node:assert/strict'
import type { Disk } from '@millrace/runtime/disk'
import { MAX_OBJECT_BYTES, ObjectConflictError, objectKeyText, parseObjectKey, StoreUnavailableError, type FragmentStore, type ObjectKey } from './fragment-store.ts'
import { FileHandles } from './file-handles.ts'

export interface DiskFragmentStoreOptions {
  /** Folder of the objects; created when missing. One process at a time. */
  readonly root: string
  readonly disk: Disk
  /** The one owner cleans up what a crash has left when it opens; a reader, in another thread of the process, leaves everything as it is. */
  readonly role: 'owner' | 'reader'
}

/** Keeps each object in one file, `<root>/<generation>-<partition>/<kind>-<epoch>-<sequence>-<attempt>`. @throws {StoreUnavailableError} */
export async function openDiskFragmentStore({ root, disk, role }: DiskFragmentStoreOptions): Promise<FragmentStore> {
  await orUnavailable('opening the store failed', async () => {
    await disk.makeDirectory(root)
    if (role === 'reader') return
    for (const folder of await disk.list(root)) {
      if (!STREAM_FOLDER.test(folder)) continue
      for (const name of await disk.list(`${root}/${folder}`)) if (name.endsWith(PARTIAL_SUFFIX)) await disk.remove(`${root}/${folder}/${name}`)
    }
  })
  return new DiskFragmentStore(root, disk)
}

/** Files open for reading: far below the usual limit of 1024 for a process, and more than a query touches at once. */
const MAX_OPEN_FILES = 128
const STREAM_FOLDER = /^[a-z0-9]+-\d+$/
/** What a crash leaves under such a name was never acknowledged. */
const PARTIAL_SUFFIX = '.partial'

class DiskFragmentStore implements FragmentStore {
  readonly #root: string
  readonly #disk: Disk
  readonly #files: FileHandles
  readonly #folders = new Set<string>()
  #partials = 0
  #isClosed = false

  constructor(root: string, disk: Disk) {
    this.#root = root
    this.#disk = disk
    this.#files = new FileHandles(disk, MAX_OPEN_FILES)
  }

  async put(key: ObjectKey, bytes: Uint8Array): Promise<void> {
    assert(bytes.length > 0 && bytes.length <= MAX_OBJECT_BYTES, 'an object has 1 to MAX_OBJECT_BYTES bytes')
    const { folder, path } = this.#place(key)
    const partial = `${path}.${++this.#partials}${PARTIAL_SUFFIX}`
    await this.#guard('storing an object failed', async () => {
      if (!this.#folders.has(folder)) {
        await this.#disk.makeDirectory(folder)
        this.#folders.add(folder)
      }
      try {
        await this.#writeSynced(partial, bytes)
        // link() fails if the target exists, where rename() would silently replace it.
        await this.#disk.link(partial, path)
      } catch (error) {
        if (!hasCode(error, 'EEXIST')) throw error
        if (!(await this.#holds(path, bytes))) throw new ObjectConflictError(key)
      } finally {
        await this.#disk.remove(partial).catch(() => undefined) // the next start removes it
      }
      await this.#disk.syncDirectory(folder) // a new name is durable only once its folder is, also that of an earlier attempt
    })
  }

  async read(key: ObjectKey, start: number, end: number): Promise<Uint8Array | undefined> {
    assert(start >= 0 && start <= end && end <= MAX_OBJECT_BYTES, 'a range lies inside an object')
    const { path } = this.#place(key)
    return await this.#guard('reading an object failed', async () =>
      await this.#files.use(path, async (file) => {
        const bytes = new Uint8Array(end - start)
        const filled = await file.read(bytes, start)
        if (filled < bytes.length) throw new StoreUnavailableError(`object ${objectKeyText(key)} ends at byte ${start + filled}, before ${end}`)
        return bytes
      }))
  }

  async remove(key: ObjectKey): Promise<void> {
    const { path } = this.#place(key)
    await this.#guard('removing an object failed', async () => {
      await this.#files.forget(path)
      // Not synced: a removed object that comes back after a crash is unnamed and will be swept again.
      await this.#disk.remove(path)
      await this.#files.forget(path) // a read may have opened it in between
    })
  }

  async *list(stream: string): AsyncIterable<ObjectKey> {
    const { folder } = this.#place({ stream, kind: 'pack', epoch: 0, sequence: 0, attempt: 'a' })
    const names = await this.#guard('listing objects failed', async () => await this.#disk.list(folder))
    for (const name of names) if (!name.endsWith(PARTIAL_SUFFIX)) yield parseObjectKey(`${stream}:${name.replaceAll('-', ':')}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    await this.#files.close()
  }

  /** A key can also come out of a database: it is checked before it becomes a path. */
  #place(key: ObjectKey): { readonly folder: string; readonly path: string } {
    const { stream, kind, epoch, sequence, attempt } = parseObjectKey(objectKeyText(key))
    const folder = `${this.#root}/${stream.replace('/', '-')}`
    return { folder, path: `${folder}/${kind}-${epoch}-${sequence}-${attempt}` }
  }

  async #writeSynced(path: string, bytes: Uint8Array): Promise<void> {
    const file = await this.#disk.open(path, { create: true })
    try {
      await file.write([bytes], 0)
      await file.dataSync()
    } finally {
      await file.close()
    }
  }

  async #holds(path: string, bytes: Uint8Array): Promise<boolean> {
    const file = await this.#disk.open(path, { create: false })
    try {
      const stored = new Uint8Array(bytes.length)
      return (await file.size()) === bytes.length && (await file.read(stored, 0)) === bytes.length && Buffer.compare(stored, bytes) === 0
    } finally {
      await file.close()
    }
  }

  async #guard<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
    if (this.#isClosed) throw new StoreUnavailableError('the store is closed')
    return await orUnavailable(what, work)
  }
}

async function orUnavailable<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (cause) {
    if (cause instanceof ObjectConflictError || cause instanceof StoreUnavailableError) throw cause
    throw new StoreUnavailableError(what, { cause })
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
