import assert from 'node:assert/strict'
import type { Clock } from '@millrace/runtime/clock'

/**
 * Shares something that can do only so much at once among tenants, by deficit round robin (Shreedhar and Varghese, 1995) in the form that may overdraw: a tenant is served
 * while it has credit, what it used is taken off, and each round gives it one quantum. So the cost of an item need not be known before it has run.
 *
 * - While two tenants always wait, what they have got differs by less than a quantum and the largest item.
 * - Within a tenant turns begin in the order in which they were asked for.
 * - A tenant that was idle comes with one quantum, however long it was idle. What it owes from before counts only as long as others have to wait for it.
 * - Nothing waits while there is room, but for one turn of the event loop after an item has ended: so others get at the thread, and a tenant whose next item follows at once keeps its place.
 *
 * A pick takes a constant time, plus one step for each quantum that the items before it cost more than a quantum.
 */
export interface FairQueue {
  /**
   * Waits for a turn and answers it; the caller disposes it when the item is done.
   *
   * @param cost in the queue's unit, as far as it is known; the rest is charged to the turn.
   * @throws {TenantQueueFullError} @throws {TurnCancelledError} `signal` aborted while it waited.
   */
  turn(tenantId: string, cost: number, signal?: AbortSignal): Promise<Turn>
  /** Runs an item in a turn of its own. @throws as {@link turn}, and what `work` throws. */
  run<T>(tenantId: string, cost: number, work: (turn: Turn) => T | Promise<T>, signal?: AbortSignal): Promise<T>
  /** Tenants that are remembered: those that wait, run, or owe while others wait. */
  readonly tenants: number
}

export interface Turn extends Disposable {
  /** Adds to what the item costs, or takes off what was estimated too high. */
  charge(cost: number): void
  /** Ends the turn and waits for another one, between two steps of a long item. Of its tenant's items it stays before those that have not begun. */
  pause(): Promise<void>
}

export interface FairQueueOptions {
  readonly clock: Clock
  /** Items that run at once. */
  readonly concurrency: number
  /** Items of one tenant that run at once; the others' room is kept free for them. Default: all. */
  readonly tenantConcurrency?: number
  /** What a tenant gets in a round, in the unit of the costs. Best the cost of a common large item: less takes more rounds, more lets others wait. */
  readonly quantum: number
  /** Items of one tenant that may wait. */
  readonly maxWaiting: number
}

/** More items of one tenant wait than it may have waiting. */
export class TenantQueueFullError extends Error {
  override readonly name = 'TenantQueueFullError'
  readonly code = 'TENANT_QUEUE_FULL'
  readonly retryable = true
}

/** Whoever asked went away before its turn came. */
export class TurnCancelledError extends Error {
  override readonly name = 'TurnCancelledError'
  readonly code = 'TURN_CANCELLED'
  readonly retryable = false
}

export function createFairQueue(options: FairQueueOptions): FairQueue {
  return new RoundRobin(options)
}

interface Flow {
  readonly tenantId: string
  /** In the order of their asking. */
  readonly waiting: Set<() => void>
  /** Items that have begun and paused. */
  readonly paused: Set<() => void>
  running: number
  /** What it may still use in this round; below 0 it owes. */
  credit: number
}

class RoundRobin implements FairQueue {
  readonly #options: Required<FairQueueOptions>
  readonly #flows = new Map<string, Flow>()
  /** Flows whose turn may come, the first one's now. A flow that runs as much as it may, or has nothing to run and owes nothing, is not in it. */
  readonly #ring = new Set<Flow>()
  #waiting = 0
  #running = 0
  #isResting = false

  constructor(options: FairQueueOptions) {
    const { concurrency, tenantConcurrency = concurrency, quantum, maxWaiting } = options
    assert(concurrency > 0 && tenantConcurrency > 0 && quantum > 0 && maxWaiting > 0, 'the limits of a queue are positive')
    this.#options = { ...options, tenantConcurrency }
  }

  get tenants(): number {
    return this.#flows.size
  }

  async run<T>(tenantId: string, cost: number, work: (turn: Turn) => T | Promise<T>, signal?: AbortSignal): Promise<T> {
    using turn = await this.turn(tenantId, cost, signal)
    return await work(turn)
  }

  async turn(tenantId: string, cost: number, signal?: AbortSignal): Promise<Turn> {
    assert(cost >= 0, 'a cost is not negative')
    if (signal?.aborted === true) throw new TurnCancelledError('the asker went away')
    const flow = this.#flowOf(tenantId)
    if (flow.waiting.size === this.#options.maxWaiting) throw new TenantQueueFullError(`${flow.waiting.size} items of this tenant wait`)
    await new Promise<void>((resolve, reject) => {
      const start = (): void => {
        signal?.removeEventListener('abort', leave)
        flow.credit -= cost
        resolve()
      }
      const leave = (): void => {
        flow.waiting.delete(start)
        this.#waiting--
        this.#forgetIfDone(flow)
        reject(new TurnCancelledError('the asker went away'))
      }
      signal?.addEventListener('abort', leave, { once: true })
      flow.waiting.add(start)
      this.#waiting++
      if (flow.running < this.#options.tenantConcurrency) this.#ring.add(flow)
      this.#startWaiting()
    })
    return this.#turnOf(flow)
  }

  #flowOf(tenantId: string): Flow {
    const known = this.#flows.get(tenantId)
    if (known !== undefined) return known
    const flow: Flow = { tenantId, waiting: new Set(), paused: new Set(), running: 0, credit: this.#options.quantum }
    this.#flows.set(tenantId, flow)
    return flow
  }

  #turnOf(flow: Flow): Turn {
    let isEnded = false
    let isPaused = false
    return {
      charge: (cost) => {
        assert(!isEnded, 'a turn is charged before it ends')
        flow.credit -= cost
      },
      pause: async () => {
        assert(!isEnded && !isPaused, 'a turn pauses once at a time, and before it ends')
        isPaused = true
        await new Promise<void>((resolve) => {
          flow.paused.add(resolve)
          this.#waiting++
          this.#end(flow)
        })
        isPaused = false
      },
      [Symbol.dispose]: () => {
        assert(!isPaused, 'a turn does not end while it has paused')
        if (isEnded) return
        isEnded = true
        this.#end(flow)
      },
    }
  }

  #end(flow: Flow): void {
    flow.running--
    this.#running--
    this.#ring.add(flow) // behind the others if it was not in it; with nothing to run it pays there what it owes
    this.#forgetIfDone(flow)
    if (this.#isResting) return
    this.#isResting = true
    void this.#options.clock.sleep(0).then(() => {
      this.#isResting = false
      this.#startWaiting()
    })
  }

  #startWaiting(): void {
    while (!this.#isResting && this.#running < this.#options.concurrency) {
      const flow = this.#next()
      if (flow === undefined) return
      const line = flow.paused.size > 0 ? flow.paused : flow.waiting
      const [start] = line
      assert(start !== undefined, 'the next flow has something to run')
      line.delete(start)
      this.#waiting--
      flow.running++
      this.#running++
      start()
    }
  }

  /** The flow whose turn it is. Those before it in the ring go to its end, or leave it. */
  #next(): Flow | undefined {
    const { quantum, tenantConcurrency } = this.#options
    for (const flow of this.#ring) { // what is added while it runs is met again
      if (flow.running >= tenantConcurrency) {
        this.#ring.delete(flow)
        continue
      }
      const isWaiting = flow.waiting.size > 0 || flow.paused.size > 0
      if (isWaiting && flow.credit > 0) return flow
      this.#ring.delete(flow)
      if (this.#waiting > 0 && (isWaiting || flow.credit <= 0)) {
        flow.credit += quantum
        this.#ring.add(flow)
      } else if (flow.running === 0) {
        this.#flows.delete(flow.tenantId)
      }
    }
    return undefined
  }

  /** Nobody waits, so nobody is hurt by what it owes. */
  #forgetIfDone(flow: Flow): void {
    if (this.#waiting > 0 || flow.running > 0) return
    this.#ring.delete(flow)
    this.#flows.delete(flow.tenantId)
  }
}
