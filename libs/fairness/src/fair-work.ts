import type { Clock } from '@millrace/runtime/clock'
import { createFairQueue } from './fair-queue.ts'

/** Shares one thread among tenants: work is done in steps, and between any two of them it is the turn of the tenant that has had least. */
export interface FairWork {
  /**
   * Runs steps until they are through. Everything else that is ready runs between them.
   *
   * @throws {TenantQueueFullError} the tenant has too much work waiting. @throws what the steps throw.
   */
  run<T>(tenantId: string, steps: Iterator<void, T>): Promise<T>
  /** Does something short at the tenant's turn. @throws as {@link run} */
  once<T>(tenantId: string, work: () => T): Promise<T>
}

export function createFairWork({ clock, maxWaiting }: { readonly clock: Clock; readonly maxWaiting: number }): FairWork {
  const queue = createFairQueue({ clock, concurrency: 1, quantum: QUANTUM_MS, maxWaiting })
  return {
    async run(tenantId, steps) {
      using turn = await queue.turn(tenantId, 0)
      for (;;) {
        const startedMs = clock.monotonicMs()
        const step = steps.next()
        turn.charge(clock.monotonicMs() - startedMs)
        if (step.done === true) return step.value
        await turn.pause()
      }
    },
    async once(tenantId, work) {
      return await this.run(tenantId, { next: () => ({ done: true, value: work() }) })
    },
  }
}

/** What one tenant's step may take is of this size: then a tenant with little to do waits for one step of each of the others. */
const QUANTUM_MS = 1
