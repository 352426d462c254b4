import { setTimeout as sleep } from 'node:timers/promises'
import { KubernetesError } from './kubernetes-error.ts'

/** Asks again and again until `isDone`. @throws {KubernetesError} when `timeoutMs` is over first; `details` then says what is known. */
export async function waitUntil(what: string, timeoutMs: number, isDone: () => Promise<boolean> | boolean, details: () => string = () => ''): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await isDone())) {
    if (performance.now() > deadline) throw new KubernetesError(`${what}: not after ${timeoutMs / 1000} s\n${details()}`.trimEnd())
    await sleep(POLL_MS)
  }
}

const POLL_MS = 200
