import fc from 'fast-check'
import { ManualClock } from '@millrace/simulator/manual-clock'
import { createFairQueue, TenantQueueFullError, TurnCancelledError, type FairQueue, type FairQueueOptions, type Turn } from './fair-queue.ts'

const open = (options: Partial<FairQueueOptions> = {}): FairQueue => createFairQueue({ clock: new ManualClock(), concurrency: 1, quantum: 100, maxWaiting: 1000, ...options })
const nextTurn = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve))

interface Item {
  readonly tenant: string
  readonly cost: number
}

/** Costs far below and far above the quantum. */
const items = (maxLength = 60): fc.Arbitrary<Item[]> => fc.array(fc.record({ tenant: fc.constantFrom('a', 'b', 'c'), cost: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 700 })) }), { maxLength })

/** Runs all items, asked for at once, and answers them in the order in which they ran. `isKnown`: the cost is told before, not after. */
async function orderOf(queue: FairQueue, asked: readonly Item[], isKnown: boolean): Promise<readonly Item[]> {
  const ran: Item[] = []
  await Promise.all(asked.map(async (item) => {
    await queue.run(item.tenant, isKnown ? item.cost : 0, (turn) => {
      ran.push(item)
      if (!isKnown) turn.charge(item.cost)
    })
  }))
  return ran
}

describe('a fair queue', () => {
  it('gives tenants that wait the same, within a quantum and an item, whatever the items cost and whenever that is known', async () => {
    await fc.assert(fc.asyncProperty(items(), fc.boolean(), async (asked, isKnown) => {
      const ran = await orderOf(open(), asked, isKnown)
      const largest = Math.max(0, ...asked.map(({ cost }) => cost))
      const left = new Map(['a', 'b', 'c'].map((tenant) => [tenant, asked.filter((item) => item.tenant === tenant).length]))
      const served = new Map(['a', 'b', 'c'].map((tenant) => [tenant, 0]))
      for (const { tenant, cost } of ran) {
        served.set(tenant, (served.get(tenant) ?? 0) + cost)
        left.set(tenant, (left.get(tenant) ?? 0) - 1)
        const shares = [...served].filter(([name]) => (left.get(name) ?? 0) > 0).map(([, share]) => share)
        expect(Math.max(0, ...shares) - Math.min(Infinity, ...shares)).toBeLessThan(100 + largest)
      }
    }))
  })

  it('runs every item once, those of a tenant in order', async () => {
    await fc.assert(fc.asyncProperty(items(), fc.integer({ min: 1, max: 4 }), async (asked, concurrency) => {
      const ran = await orderOf(open({ concurrency }), asked, true)
      for (const tenant of ['a', 'b', 'c']) expect(ran.filter((item) => item.tenant === tenant)).toEqual(asked.filter((item) => item.tenant === tenant))
    }))
  })

  it('leaves no room free while something waits that may have it', async () => {
    await fc.assert(fc.asyncProperty(items(30), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 3 }), fc.infiniteStream(fc.nat()), async (asked, concurrency, tenantConcurrency, choices) => {
      const queue = open({ concurrency, tenantConcurrency })
      const running: { readonly tenant: string; readonly turn: Turn }[] = []
      const left = new Map<string, number>()
      for (const { tenant, cost } of asked) {
        left.set(tenant, (left.get(tenant) ?? 0) + 1)
        void queue.turn(tenant, cost).then((turn) => running.push({ tenant, turn }))
      }
      for (;;) {
        await nextTurn()
        const perTenant = [...left.values()].map((count) => Math.min(count, tenantConcurrency))
        expect(running.length).toBe(Math.min(concurrency, perTenant.reduce((sum, count) => sum + count, 0)))
        for (const tenant of left.keys()) expect(running.filter((item) => item.tenant === tenant).length).toBeLessThanOrEqual(tenantConcurrency)
        const [ended] = running.splice((choices.next().value ?? 0) % Math.max(1, running.length), 1)
        if (ended === undefined) break
        left.set(ended.tenant, (left.get(ended.tenant) ?? 0) - 1)
        ended.turn[Symbol.dispose]()
      }
      expect(queue.tenants).toBe(0)
    }))
  })

  it('forgets what was cancelled, and who has nothing more to do', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.boolean()), { maxLength: 40 }), async (asked) => {
      const queue = open()
      const gone = new AbortController()
      const ran: string[] = []
      const first = await queue.turn('first', 1)
      const asking = asked.map(async ([tenant, isCancelled]) => await queue.run(tenant, 50, () => { ran.push(tenant) }, isCancelled ? gone.signal : undefined))
      gone.abort()
      first[Symbol.dispose]()
      const results = await Promise.allSettled(asking)
      for (const [index, result] of results.entries()) {
        if (asked[index]?.[1] === true) expect(result).toMatchObject({ status: 'rejected', reason: { code: 'TURN_CANCELLED' } })
        else expect(result.status).toBe('fulfilled')
      }
      expect(ran.length).toBe(asked.filter(([, isCancelled]) => !isCancelled).length)
      await nextTurn()
      expect(queue.tenants).toBe(0)
    }))
  })

  it('saves up nothing for a tenant that was idle', async () => {
    const queue = open()
    await orderOf(queue, Array.from({ length: 20 }, () => ({ tenant: 'busy', cost: 100 })), true)
    const back = Array.from({ length: 10 }, () => ({ tenant: 'idle', cost: 100 }))
    const ran = await orderOf(queue, [...Array.from({ length: 10 }, () => ({ tenant: 'busy', cost: 100 })), ...back], true)
    const before = ran.slice(0, 10).map(({ tenant }) => tenant)
    expect(before.filter((tenant) => tenant === 'idle').length).toBeGreaterThanOrEqual(4)
    expect(before.filter((tenant) => tenant === 'busy').length).toBeGreaterThanOrEqual(4)
  })

  it('lets a tenant with one small item pass after what runs and one quantum of the other', async () => {
    const queue = open()
    const ran: string[] = []
    const flood = Array.from({ length: 50 }, async () => await queue.run('flood', 60, () => { ran.push('flood') }))
    const small = queue.run('small', 1, () => { ran.push('small') })
    await Promise.all([...flood, small])
    expect(ran.indexOf('small')).toBeLessThanOrEqual(2)
  })

  it('keeps the place of a tenant that asks again as soon as its item has ended', async () => {
    const queue = open()
    const ran: string[] = []
    const chain = async (tenant: string, cost: number, length: number): Promise<void> => {
      for (let n = 0; n < length; n++) await queue.run(tenant, cost, () => { ran.push(tenant) })
    }
    await Promise.all([chain('heavy', 100, 10), chain('light', 10, 9)])
    // Nine light items are less than one heavy one, so they go in one round.
    expect(ran.lastIndexOf('light')).toBeLessThanOrEqual(10)
  })

  it('makes a tenant that overdrew wait for the others to catch up', async () => {
    const queue = open()
    const ran: string[] = []
    const busy = [1, 2].map(async () => await queue.run('dear', 0, (turn) => {
      ran.push('dear')
      turn.charge(1000)
    }))
    const others = Array.from({ length: 15 }, async () => await queue.run('cheap', 100, () => { ran.push('cheap') }))
    await Promise.all([...busy, ...others])
    expect(ran.lastIndexOf('dear')).toBeGreaterThanOrEqual(9)
    expect(ran.lastIndexOf('dear')).toBeLessThanOrEqual(12)
  })

  it('lets others go between the steps of an item, and no other item of its tenant', async () => {
    const queue = open()
    const ran: string[] = []
    const long = queue.run('busy', 0, async (turn) => {
      for (let step = 0; step < 5; step++) {
        ran.push('long')
        turn.charge(60)
        await turn.pause()
      }
    })
    const next = queue.run('busy', 1, () => { ran.push('next') })
    const other = queue.run('other', 1, () => { ran.push('other') })
    await Promise.all([long, next, other])
    expect(ran.indexOf('other')).toBeLessThanOrEqual(2)
    expect(ran.indexOf('next')).toBe(6)
    await nextTurn()
    expect(queue.tenants).toBe(0)
  })

  it('refuses a tenant that has too many waiting, and nobody else', async () => {
    const queue = open({ maxWaiting: 2 })
    const running = await queue.turn('t', 1)
    const waiting = [queue.turn('t', 1), queue.turn('t', 1)]
    await expect(queue.turn('t', 1)).rejects.toThrow(TenantQueueFullError)
    const other = queue.turn('other', 1)
    for (const next of [Promise.resolve(running), ...waiting, other]) (await next)[Symbol.dispose]()
  })

  it('refuses who is gone already', async () => {
    await expect(open().turn('t', 1, AbortSignal.abort())).rejects.toThrow(TurnCancelledError)
  })
})
