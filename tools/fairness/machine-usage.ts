import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { readUsage } from '../process/process-usage.ts'

/** CPU seconds so far. */
export interface MachineUsage {
  /** Of the system's processes. */
  readonly system: number
  /** Of all processes of the machine, those of the hypervisor's other guests included. */
  readonly busy: number
  /** Busy and idle, over all cores. */
  readonly all: number
}

export function readMachine(pids: readonly number[]): MachineUsage {
  const [, ...ticks] = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]?.split(/\s+/) ?? []
  const [user = 0, nice = 0, kernel = 0, idle = 0, wait = 0, irq = 0, softIrq = 0, steal = 0] = ticks.map(Number)
  const busy = user + nice + kernel + irq + softIrq + steal
  return { system: pids.reduce((sum, pid) => sum + readUsage(pid).cpuSeconds, 0), busy: busy / TICKS_PER_SECOND, all: (busy + idle + wait) / TICKS_PER_SECOND }
}

/** USER_HZ, as in process-usage.ts. */
const TICKS_PER_SECOND = 100

/** Waits until the system has been nearly idle for a second: work that one window left behind must not be measured in the next. */
export async function untilIdle(pids: readonly number[]): Promise<void> {
  const deadline = performance.now() + IDLE_TIMEOUT_MS
  let before = readMachine(pids).system
  while (performance.now() < deadline) {
    await sleep(1000)
    const now = readMachine(pids).system
    if (now - before < IDLE_CPU_SECONDS) return
    before = now
  }
}

/** Sealing of what a noisy window left takes some seconds. */
const IDLE_TIMEOUT_MS = 20_000
const IDLE_CPU_SECONDS = 0.12
