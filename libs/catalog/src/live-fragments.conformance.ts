import fc from 'fast-check'
import { FencedError, type Catalog, type SealedRow } from './catalog.ts'
import { DAY, entryAfter, fragmentRow, sealedRow } from './catalog.conformance.ts'
import { readLiveFragments } from './live-fragments.ts'

/** What readers make of a catalog while others write to it, run by every adapter. `open` gives a new, empty catalog. */
export function describeLiveFragments(name: string, open: () => Promise<Catalog>, numRuns: number): void {
  describe(`live fragments of ${name}`, () => {
    const STREAMS = ['g/0', 'g/1']

    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ does: fc.constant('commit' as const), stream: fc.constantFrom(...STREAMS), day: fc.nat(1) }) },
      { weight: 2, arbitrary: fc.record({ does: fc.constant('seal' as const), stream: fc.constantFrom(...STREAMS), entries: fc.integer({ min: 1, max: 3 }) }) },
      { weight: 1, arbitrary: fc.record({ does: fc.constant('put without naming' as const), stream: fc.constantFrom(...STREAMS) }) },
      { weight: 2, arbitrary: fc.record({ does: fc.constant('merge' as const), stream: fc.constantFrom(...STREAMS), day: fc.nat(1), pick: fc.nat(7) }) },
      { weight: 2, arbitrary: fc.record({ does: fc.constant('read' as const), during: fc.array(fc.nat(6), { maxLength: 12 }) }) },
      { weight: 1, arbitrary: fc.record({ does: fc.constant('forget' as const) }) },
    )
    type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

    it('hold each committed event exactly once for a reader that commits, seals and merges overtake at every point', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 80, size: 'max' }), async (steps) => {
          await using catalog = await open()
          const world = new World(catalog)
          const queue = [...steps]
          for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
            if (next.does !== 'read') {
              await world.take(next)
              continue
            }
            const before = new Set(world.committed)
            const counts = [...next.during]
            // Between any two calls of the reader some of the next steps happen; only what waits for readers to end is left for later.
            let turn = Promise.resolve() // the reader asks several streams at once; steps go one by one
            const overtake = (): Promise<void> => (turn = turn.then(overtakeOnce))
            const overtakeOnce = async (): Promise<void> => {
              for (let count = counts.shift() ?? 0; count > 0; count--) {
                const index = queue.findIndex(({ does }) => does !== 'read' && does !== 'forget')
                const [overtaking] = index === -1 ? [] : queue.splice(index, 1)
                if (overtaking !== undefined) await world.take(overtaking)
              }
            }
            const found = await world.read(overtake)
            expect(new Set(found).size).toBe(found.length)
            for (const event of before) expect(found).toContain(event)
            for (const event of found) expect(world.committed).toContain(event)
          }
          const found = await world.read(async () => undefined)
          expect(found.sort()).toEqual([...world.committed].sort())
        }),
        { numRuns },
      )
    })

    /** Plays writer, sealer and merger; what stands in an object is known by the object's name. */
    class World {
      readonly committed = new Set<string>()
      readonly #catalog: Catalog
      readonly #events = new Map<string, readonly string[]>()
      #count = 0

      constructor(catalog: Catalog) {
        this.#catalog = catalog
      }

      async read(overtake: () => Promise<void>): Promise<string[]> {
        const catalog = this.#catalog
        const slow: Catalog = {
          ...catalog,
          readSealPosition: async (stream) => (await overtake(), catalog.readSealPosition(stream)),
          readSealed: async (...range) => (await overtake(), catalog.readSealed(...range)),
          readPosition: async (stream) => (await overtake(), catalog.readPosition(stream)),
          readEntries: async (...range) => (await overtake(), catalog.readEntries(...range)),
        }
        const { fragments } = await readLiveFragments(slow, { tenantId: 'a', kind: 'log', fromNs: 0n, toNs: 2n * DAY, streams: STREAMS })
        return fragments.flatMap(({ object }) => this.#events.get(object) ?? ['unknown object'])
      }

      async take(step: Step): Promise<void> {
        const id = `${++this.#count}`
        if (step.does === 'commit') {
          this.#events.set(`pack${id}`, [`event${id}`])
          await this.#catalog.claimStream(step.stream, 'w')
          await this.#catalog.commit(step.stream, entryAfter(await this.#catalog.readPosition(step.stream), { pack: `pack${id}`, directory: [fragmentRow({ dayNs: BigInt(step.day) * DAY })] }))
          this.committed.add(`event${id}`)
        } else if (step.does === 'seal') await this.#seal(step.stream, step.entries, id, true)
        else if (step.does === 'put without naming') await this.#seal(step.stream, 2, id, false)
        else if (step.does === 'merge') await this.#merge(step.stream, BigInt(step.day) * DAY, step.pick, id)
        else await this.#catalog.forgetMerged('a', 'log', 9e15)
      }

      async #seal(stream: string, limit: number, id: string, isNamed: boolean): Promise<void> {
        // A sealer that has put and not named claims with a new id.
        const at = await this.#catalog.claimSealer(stream, `s${id}`)
        const entries = await this.#catalog.readEntries(stream, at.throughCommit, limit)
        const last = entries.at(-1)
        if (last === undefined) return
        const rows: SealedRow[] = []
        for (const day of [0n, DAY]) {
          const packs = entries.filter(({ directory }) => directory.some(({ dayNs }) => dayNs === day)).map(({ pack }) => pack ?? '')
          if (packs.length === 0) continue
          const object = `sealed${id}-${day}`
          this.#events.set(object, packs.flatMap((pack) => this.#events.get(pack) ?? []))
          rows.push(sealedRow({ rowId: object, object, stream, epoch: at.epoch, sequence: at.sequence + 1, dayNs: day }))
        }
        await this.#catalog.putSealed(rows)
        if (isNamed) await this.#catalog.nameSeal(stream, { epoch: at.epoch, sequence: at.sequence + 1, throughCommit: last.sequence })
      }

      /** Also tries inputs that are replaced already, which must be refused. */
      async #merge(stream: string, dayNs: bigint, pick: number, id: string): Promise<void> {
        const rows = (await this.#catalog.readSealed('a', 'log', dayNs, dayNs)).filter((row) => row.stream === stream)
        const replaced = new Set(rows.flatMap(({ inputs }) => inputs))
        const inputs = rows.filter((_, index) => (pick >> (index % 3)) & 1)
        const tags = inputs.flatMap((row) => (row.inputTags.length > 0 ? row.inputTags : [row])).sort((a, b) => b.sequence - a.sequence)
        if (tags[0] === undefined) return
        const at = await this.#catalog.readSealPosition(stream)
        const object = `merged${id}`
        const merging = this.#catalog.mergeSealed(sealedRow({
          rowId: object, object, stream, epoch: at.epoch, sequence: at.sequence, dayNs, inputs: inputs.map(({ rowId }) => rowId),
          inputTags: [{ stream, epoch: tags[0].epoch, sequence: tags[0].sequence }],
        }))
        if (inputs.some(({ rowId }) => replaced.has(rowId))) await expect(merging).rejects.toThrow(FencedError)
        else await merging
        this.#events.set(object, inputs.flatMap((row) => this.#events.get(row.object) ?? []))
      }
    }
  })
}
