import { BusUnavailableError, type Bus } from '@millrace/bus/bus'
import type { Topics } from '@millrace/bus/topics'
import { OutcomeUnknownError, type Catalog, type CommitClaim } from '@millrace/catalog/catalog'
import type { FragmentStore } from '@millrace/fragment-store/fragment-store'
import type { Fate } from './deal-fates.ts'
import type { Freeze } from './freeze.ts'

/** What happens to the calls of one member. */
export interface MemberFaults {
  readonly claims: () => Fate
  readonly commits: () => Fate
  /** To `routed`. */
  readonly appends: () => Fate
  /** Asked at each call. */
  readonly freeze: () => Freeze | undefined
  /** Waited for before the member hears of a claim that it has made. */
  readonly onClaim: (stream: string, claim: CommitClaim) => Promise<void>
  readonly onCommit: () => void
  readonly onAppend: () => void
  /** In a group of its own the member shares no partition: it is given what another still works on. */
  readonly successorOn: number | undefined
}

/** Of the name of a successor's group. */
export const SUCCESSOR_SUFFIX = '-successor'

/** A bus whose appends to `routed` meet fates. A failed one leaves a gap or is repeated, as it comes. */
export function faultyBus(bus: Bus, { routed }: Topics, { appends, freeze, onAppend, successorOn }: MemberFaults): Bus {
  return {
    createTopic: async (...create) => { await bus.createTopic(...create) },
    async append(topic, partition, value) {
      if (topic !== routed) return await bus.append(topic, partition, value)
      const fate = appends()
      if (fate === 'not done') throw new BusUnavailableError('an append was lost')
      const append = async (): Promise<number> => await bus.append(topic, partition, value)
      const offset = await (freeze()?.around('append', partition, append) ?? append())
      onAppend()
      if (fate === 'lost reply') throw new BusUnavailableError('the reply of an append was lost')
      return offset
    },
    endOffset: async (...of) => await bus.endOffset(...of),
    startOffset: async (...of) => await bus.startOffset(...of),
    trim: async (...upTo) => { await bus.trim(...upTo) },
    async consume(options, work) {
      if (successorOn === undefined) {
        await bus.consume(options, work)
        return
      }
      await bus.consume({ ...options, group: options.group + SUCCESSOR_SUFFIX }, async (assignment) => {
        if (assignment.partition === successorOn) await work(assignment)
        else if (!assignment.signal.aborted) await new Promise((resolve) => { assignment.signal.addEventListener('abort', resolve, { once: true }) })
      })
    },
    [Symbol.asyncDispose]: async () => { await bus[Symbol.asyncDispose]() },
  }
}

/** A catalog that does not always tell whether a claim or a commit was done. */
export function faultyCatalog(catalog: Catalog, { claims, commits, freeze, onClaim, onCommit }: MemberFaults): Catalog {
  return Object.assign(Object.create(catalog) as Catalog, {
    async claimStream(...[stream, ownerId]: Parameters<Catalog['claimStream']>) {
      const claim = await meet(claims(), async () => await catalog.claimStream(stream, ownerId))
      await onClaim(stream, claim)
      return claim
    },
    async commit(...[stream, entry]: Parameters<Catalog['commit']>) {
      const commit = async (): Promise<void> => { await catalog.commit(stream, entry) }
      await meet(commits(), async () => { await (freeze()?.around('commit', partitionOf(stream), commit) ?? commit()) })
      onCommit()
    },
  })
}

/** A store that may freeze who puts. */
export function freezingStore(store: FragmentStore, freeze: () => Freeze | undefined): FragmentStore {
  return {
    async put(key, bytes) {
      const put = async (): Promise<void> => { await store.put(key, bytes) }
      await (freeze()?.around('put', partitionOf(key.stream), put) ?? put())
    },
    read: async (...range) => await store.read(...range),
    remove: async (key) => { await store.remove(key) },
    list: (stream) => store.list(stream),
    [Symbol.asyncDispose]: async () => { await store[Symbol.asyncDispose]() },
  }
}

async function meet<T>(fate: Fate, work: () => Promise<T>): Promise<T> {
  if (fate === 'not done') throw new OutcomeUnknownError('a conditional write was lost')
  const result = await work()
  if (fate === 'lost reply') throw new OutcomeUnknownError('the reply of a conditional write was lost')
  return result
}

function partitionOf(stream: string): number {
  return Number(stream.slice(stream.lastIndexOf('/') + 1))
}
