/**
 * The file operations that durability depends on, so that a simulated disk can forget what was not synced.
 * Errors are Node's own (`code`); adapters translate them.
 */
export interface Disk {
  /** Creates a directory and its parents, durable when it resolves; an existing one is no error. */
  makeDirectory(path: string): Promise<void>
  /** Names in a directory, in no order; an absent directory has none. */
  list(path: string): Promise<readonly string[]>
  /** Opens for reading and writing at positions; creates when `create`. */
  open(path: string, options: { readonly create: boolean }): Promise<DiskFile>
  /** Gives `from` the second name `to`; fails with EEXIST where `to` exists. */
  link(from: string, to: string): Promise<void>
  /** Removes a file; an absent one is no error. */
  remove(path: string): Promise<void>
  /** Makes names created, linked or removed in a directory durable. */
  syncDirectory(path: string): Promise<void>
}

export interface DiskFile {
  /** Bytes in the file. */
  size(): Promise<number>
  /** Fills `target` from `position`; answers how many bytes there were. */
  read(target: Uint8Array, position: number): Promise<number>
  /** Writes all of `parts` in order from `position` on. */
  write(parts: readonly Uint8Array[], position: number): Promise<void>
  /** fdatasync: what was written before is durable when it resolves. After an error the file must not be used again. */
  dataSync(): Promise<void>
  truncate(size: number): Promise<void>
  close(): Promise<void>
}
