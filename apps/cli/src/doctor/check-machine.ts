import { readFile } from 'node:fs/promises'
import type { Notes } from './finding.ts'

/** What is wrong where this program runs; services that run elsewhere may have other limits. */
export async function checkMachine(notes: Notes): Promise<void> {
  notes.ok(`Node ${process.versions.node}`)
  // Only Linux tells so.
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => undefined)
  if (limits !== undefined) checkOpenFiles(notes, limits)
}

/** @param limits as Linux tells them in `/proc/<pid>/limits`. */
export function checkOpenFiles(notes: Notes, limits: string): void {
  const [, soft = ''] = /^Max open files\s+(\d+|unlimited)/m.exec(limits) ?? []
  if (soft === '') return
  if (soft !== 'unlimited' && Number(soft) < MIN_OPEN_FILES) notes.note(`${soft} files may be open`, 'a gateway holds 10,000 connections in and 1,024 out to each of intake and query, and each is a file', `ulimit -n ${MIN_OPEN_FILES}, LimitNOFILE=${MIN_OPEN_FILES} of systemd, or --ulimit nofile of Docker, where services run`)
  else notes.ok(`${soft} files may be open`)
}

/** Connections of a busy gateway, and room. */
const MIN_OPEN_FILES = 16_384
