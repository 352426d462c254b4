import { LISTENERS_KNOWN_WITHIN_MS, MAX_BUFFERED_BYTES, MAX_BUFFERED_FRAGMENTS, MAX_TAIL_FRAGMENT_BYTES, type Tail, type TailFragment, type TailItem } from './tail.ts'

/**
 * The contract of {@link Tail}, run by every adapter's own test file. `open` gives a tail to publish to and one to listen to: one and the same where the adapter works
 * within a process. Each call gives new ones that hear nothing of the others.
 */
export function describeTail(name: string, open: () => Promise<{ readonly router: Tail; readonly watcher: Tail }>): void {
  describe(`${name} keeps the Tail contract`, () => {
    const never = new AbortController().signal
    const fragment = (offset: number, bytes = 3): TailFragment => ({ stream: 'g1/7', offset, bytes: new Uint8Array(bytes).fill(offset) })

    async function listen(tail: Tail, tenantId = 't', signal = never): Promise<AsyncIterator<TailItem>> {
      return (await tail.subscribe(tenantId, signal))[Symbol.asyncIterator]()
    }

    /** Takes items until one has the fragment of this offset. */
    async function takeUntil(items: AsyncIterator<TailItem>, offset: number): Promise<readonly TailItem[]> {
      const taken: TailItem[] = []
      for (;;) {
        const { value, done } = await items.next()
        if (done === true) throw new Error(`it ended before ${offset}`)
        taken.push(value)
        if (value.fragment?.offset === offset) return taken
      }
    }

    it('hands on to everybody who listens, in order and byte for byte', async () => {
      const { router, watcher } = await open()
      await using _router = router
      await using _watcher = watcher
      const both = [await listen(watcher), await listen(watcher)]
      for (let offset = 0; offset < 50; offset++) router.publish('t', fragment(offset, offset))
      for (const items of both) {
        const taken = await takeUntil(items, 49)
        expect(taken.map(({ fragment: arrived, ...rest }) => ({ ...rest, stream: arrived?.stream, offset: arrived?.offset, bytes: [...(arrived?.bytes ?? [])] })))
          .toEqual(Array.from({ length: 50 }, (_, offset) => ({ droppedBefore: 0, hasGapBefore: false, stream: 'g1/7', offset, bytes: Array.from({ length: offset }, () => offset) })))
      }
    })

    it('keeps tenants apart', async () => {
      const { router, watcher } = await open()
      await using _router = router
      await using _watcher = watcher
      const [mine, others] = [await listen(watcher, 'mine'), await listen(watcher, 'mine-2')]
      router.publish('mine-2', fragment(1))
      router.publish('nobody', fragment(2))
      router.publish('mine', fragment(3))
      expect(await takeUntil(mine, 3)).toHaveLength(1)
      expect(await takeUntil(others, 1)).toHaveLength(1)
    })

    it('knows before long whether somebody listens', async () => {
      const { router, watcher } = await open()
      await using _router = router
      await using _watcher = watcher
      const becomes = async (listened: boolean): Promise<void> => {
        const endMs = performance.now() + LISTENERS_KNOWN_WITHIN_MS * 5
        while (router.hasSubscribers('t') !== listened) {
          if (performance.now() > endMs) throw new Error(`it is not known that somebody ${listened ? 'listens' : 'left'}`)
          await new Promise((resolve) => setTimeout(resolve, 10))
        }
      }
      expect(router.hasSubscribers('t')).toBe(false)
      const gone = new AbortController()
      const leaving = await listen(watcher, 't', gone.signal)
      const staying = await watcher.subscribe('t', never)
      await becomes(true)
      expect(router.hasSubscribers('u')).toBe(false)
      gone.abort()
      expect(await leaving.next()).toEqual({ done: true, value: undefined })
      router.publish('t', fragment(1))
      for await (const item of staying) {
        expect(item.fragment?.offset).toBe(1)
        break
      }
      await becomes(false)
    })

    it('drops the oldest of what a slow listener does not take, and says how many', async () => {
      const { router, watcher } = await open()
      await using _router = router
      await using _watcher = watcher
      for (const [bytes, held] of [[3, MAX_BUFFERED_FRAGMENTS], [MAX_TAIL_FRAGMENT_BYTES, MAX_BUFFERED_BYTES / MAX_TAIL_FRAGMENT_BYTES]] as const) {
        const [slow, quick] = [await listen(watcher), await listen(watcher)]
        for (let offset = 0; offset < held + 10; offset++) {
          router.publish('t', fragment(offset, bytes))
          // Who is quick has taken the last one when it lies in the slow one's buffer, too.
          expect((await quick.next()).value?.fragment?.offset).toBe(offset)
        }
        const taken = await takeUntil(slow, held + 9)
        expect(taken.map(({ droppedBefore }) => droppedBefore)).toEqual([10, ...Array.from({ length: held - 1 }, () => 0)])
        expect(taken.at(0)?.fragment?.offset).toBe(10)
        await slow.return?.()
        await quick.return?.()
      }
    })

    it('counts a fragment that is too large as dropped', async () => {
      const { router, watcher } = await open()
      await using _router = router
      await using _watcher = watcher
      const items = await listen(watcher)
      router.publish('t', fragment(1, MAX_TAIL_FRAGMENT_BYTES + 1))
      expect((await items.next()).value).toEqual({ fragment: undefined, droppedBefore: 1, hasGapBefore: false })
      router.publish('t', fragment(2))
      expect((await items.next()).value).toMatchObject({ fragment: { offset: 2 }, droppedBefore: 0 })
    })

    it('ends for a listener who is gone already, and for all when it is closed', async () => {
      const { router, watcher } = await open()
      await using _router = router
      await using closing = watcher
      expect(await (await listen(closing, 't', AbortSignal.abort())).next()).toEqual({ done: true, value: undefined })
      const waiting = (await listen(watcher)).next()
      await watcher[Symbol.asyncDispose]()
      expect(await waiting).toEqual({ done: true, value: undefined })
      await expect(watcher.subscribe('t', never)).rejects.toMatchObject({ code: 'TAIL_UNAVAILABLE' })
    })
  })
}
