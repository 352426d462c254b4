import { mkdirSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'

/** Another process works in the folder. */
export class FolderLockedError extends Error {
  override readonly name = 'FolderLockedError'
  readonly code = 'FOLDER_LOCKED'
  readonly retryable = false
}

/**
 * Holds a folder for this process until it is disposed. The lock is the operating system's, taken through an empty SQLite file, so that it
 * ends with the process however that ends.
 *
 * @throws {FolderLockedError}
 */
export function openFolderLock(folder: string): Disposable {
  mkdirSync(folder, { recursive: true })
  const database = new DatabaseSync(`${folder}/lock.db`)
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (cause) {
    database.close()
    throw new FolderLockedError(`another process works in ${folder}`, { cause })
  }
  return {
    [Symbol.dispose]() {
      database.close()
    },
  }
}
