import { readdirSync, readFileSync } from 'node:fs'

/**
 * A process and what it has started, told apart from a later group that was given the same number by the moment when its leader began.
 * An engine is ended and frozen as a group, because Elasticsearch's server is the child of a launcher.
 */
export interface ProcessGroup {
  /** Of the group and of its leader. */
  readonly pid: number
  /** Clock ticks from the machine's start to the leader's. */
  readonly startTicks: number
}

/** The group that `pid` leads. `undefined` when that process is gone. */
export function groupOf(pid: number): ProcessGroup | undefined {
  const process = readProcess(pid)
  return process === undefined ? undefined : { pid, startTicks: process.startTicks }
}

/** True while a process of the group is alive; the dead that nobody has waited for do not count. */
export function isGroupAlive(group: ProcessGroup): boolean {
  const leader = readProcess(group.pid)
  if (leader !== undefined && leader.startTicks !== group.startTicks) return false
  if (leader?.isAlive === true) return true
  return readdirSync('/proc').some((name) => {
    const member = /^\d+$/.test(name) ? readProcess(Number(name)) : undefined
    return member !== undefined && member.groupPid === group.pid && member.isAlive
  })
}

/** Sends the signal to every process of the group. Does nothing when none is left. */
export function signalGroup(group: ProcessGroup, signal: NodeJS.Signals): void {
  if (isGroupAlive(group)) process.kill(-group.pid, signal)
}

interface ProcessState {
  readonly groupPid: number
  readonly startTicks: number
  readonly isAlive: boolean
}

/** From /proc; see proc(5). */
function readProcess(pid: number): ProcessState | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return undefined // it has ended
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ') // the name in brackets may hold spaces
  // A leader counts as a zombie as soon as its first thread has ended; files and ports are free only when the last one has.
  const isAlive = !DEAD_STATES.has(fields[0] ?? '') || Number(fields[17]) > 1
  return { isAlive, groupPid: Number(fields[2]), startTicks: Number(fields[19]) }
}

const DEAD_STATES = new Set(['Z', 'X'])
