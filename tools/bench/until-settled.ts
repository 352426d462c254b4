import { setTimeout as sleep } from 'node:timers/promises'
import { UnexpectedReplyError, type MillraceClient } from '../client/millrace-client.ts'
import { cpuBetween, readUse, sumOf, type BenchSystem, type Use } from './bench-system.ts'

export interface Settling {
  /** What had been used when nothing was left to do. */
  readonly use: Use
  /** On the clock of `performance.now`. */
  readonly atMs: number
  /** False when there was still something to do after {@link SETTLE_TIMEOUT_MS}. */
  readonly hasSettled: boolean
}

/** Waits until the events of all receipts are sealed and the system has been nearly idle for some seconds. */
export async function untilSettled({ parts, quietCpuSeconds }: BenchSystem, client: MillraceClient, receipts: readonly string[]): Promise<Settling> {
  const deadline = performance.now() + SETTLE_TIMEOUT_MS
  const waiting = [...receipts]
  let quiet = { use: readUse(parts), atMs: performance.now() }
  let last = quiet
  while (performance.now() < deadline) {
    await sleep(INTERVAL_MS)
    for (let receipt = waiting.at(-1); receipt !== undefined && (await isSealed(client, receipt)); receipt = waiting.at(-1)) waiting.pop()
    const now = { use: readUse(parts), atMs: performance.now() }
    const cpuSeconds = sumOf(cpuBetween(last.use, now.use).values(), (seconds) => seconds)
    if (waiting.length > 0 || cpuSeconds > (quietCpuSeconds * (now.atMs - last.atMs)) / 1000) quiet = now
    if (now.atMs - quiet.atMs >= QUIET_MS) return { ...quiet, hasSettled: true }
    last = now
  }
  return { ...last, hasSettled: false }
}

/** False also while that cannot be told. */
async function isSealed(client: MillraceClient, receipt: string): Promise<boolean> {
  try {
    return (await client.receiptState(receipt)) === 'sealed'
  } catch (error) {
    if (error instanceof UnexpectedReplyError && error.status === 503) return false
    throw error
  }
}

/** CPU milliseconds per second of each part while nobody asks for anything. */
export async function measureIdle({ parts }: BenchSystem): Promise<Readonly<Record<string, number>>> {
  const before = readUse(parts)
  const startedMs = performance.now()
  await sleep(IDLE_MS)
  const seconds = (performance.now() - startedMs) / 1000
  return Object.fromEntries([...cpuBetween(before, readUse(parts))].map(([name, cpuSeconds]) => [name, (cpuSeconds * 1000) / seconds]))
}

const INTERVAL_MS = 1000
/** Sealing has pauses shorter than this. */
const QUIET_MS = 6000
const SETTLE_TIMEOUT_MS = 180_000
/** A hundred ticks of the kernel's counter for a service that uses a tenth of a core. */
const IDLE_MS = 10_000
