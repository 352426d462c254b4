import { readFileSync, writeFileSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'

/** What a process has used so far, from /proc. */
export interface ProcessUsage {
  /** User and system time of all its threads, seconds. */
  readonly cpuSeconds: number
  readonly rssBytes: number
  /** Largest RSS since the start, or since {@link resetPeak}. */
  readonly peakRssBytes: number
}

export function readUsage(pid: number): ProcessUsage {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ') // the name in brackets may hold spaces
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kilobytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0)
  return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND, rssBytes: kilobytes('VmRSS') * 1024, peakRssBytes: kilobytes('VmHWM') * 1024 }
}

/** USER_HZ, which Linux fixes for /proc whatever the kernel's own rate. */
const TICKS_PER_SECOND = 100

/** Starts the peak RSS of a process anew; see proc(5), clear_refs. */
export function resetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

/** Bytes of all files below a folder, summed by the name that `groupOf` gives each path below it. Files that vanish meanwhile count as nothing. */
export async function folderBytes(folder: string, groupOf: (path: string) => string): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>()
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const group = groupOf(relative(folder, path))
    sizes.set(group, (sizes.get(group) ?? 0) + (await bytesOf(path)))
  }
  return sizes
}

async function bytesOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0
    throw error
  }
}
