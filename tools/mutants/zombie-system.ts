import { setTimeout as sleep } from 'node:timers/promises'
import type { Topics } from '@millrace/bus/topics'
import type { CommitClaim } from '@millrace/catalog/catalog'
import { routeBatches } from '@millrace/router/route-batches'
import { noFailpoints } from '@millrace/runtime/failpoints'
import { openInlineWorkers } from '@millrace/runtime/inline-workers'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemRandom } from '@millrace/runtime/system-random'
import { createEngines } from '@millrace/service/engines'
import type { ServiceSettings } from '@millrace/service/settings'
import type { Log } from '@millrace/telemetry/log'
import { writePacks } from '@millrace/writer/write-packs'
import { SeededNumbers } from '../load/seeded-numbers.ts'
import { within } from '../process/within.ts'
import { dealFates, type Fate } from './deal-fates.ts'
import { faultyBus, faultyCatalog, freezingStore, type MemberFaults } from './faulty-ports.ts'
import { Freeze, type FreezePlace } from './freeze.ts'

/** Two routers and two writers over real engines, each with connections of its own, as if it were a process. */
export interface ZombieSystem {
  /** Every claim that a member has heard of, and where the log stood then. */
  readonly claims: readonly (CommitClaim & { readonly stream: string })[]
  /** What happened, and how often. */
  readonly happened: ReadonlyMap<string, number>
  /** @param withFaults whether replies and appends get lost at first. */
  start(withFaults: boolean): Promise<void>
  stop(): Promise<void>
  /**
   * Freezes a member in the middle of its work, gives what it works on to a successor, thaws it once that has come so far, and lets both go on for a while. The frozen
   * one is told nothing. Where nothing comes to the place, nothing happens.
   */
  takeOver(options: { readonly role: Role; readonly place: FreezePlace; readonly thawAfter: 'claim' | 'commit' | 'append' }): Promise<void>
}

export type Role = 'router' | 'writer'

interface Member {
  stop(): Promise<void>
}

/** Every fate that is no `done` does its harm early; half a second of recovery each is what a run can wait for. */
const CLAIM_FATES = { 'lost reply': 1, 'not done': 0, done: 1 } as const
const COMMIT_FATES = { 'lost reply': 2, 'not done': 1, done: 3 } as const
const APPEND_FATES = { 'lost reply': 2, 'not done': 3, done: 35 } as const
/** How long a place waits for its victim; a flush comes every 400 ms. */
const REACH_TIMEOUT_MS = 8_000
/** A new member opens its connections and joins a group within a second or two. */
const SUCCESSION_TIMEOUT_MS = 10_000
/** A few flushes of two that hold the same partition. */
const SIDE_BY_SIDE_MS = 1_000
/** As a supervisor starts a process again that has ended. */
const RESTART_PAUSE_MS = 300
/** Engines are up before a run begins. */
const OPEN_TIMEOUT_MS = 60_000
/** Of the seeded numbers: apart from those of the events. */
const FATE_STREAM = 2 ** 45

export function createZombieSystem({ settings, topics, seed, log }: { readonly settings: ServiceSettings; readonly topics: Topics; readonly seed: number; readonly log: Log }): ZombieSystem {
  const claims: (CommitClaim & { readonly stream: string })[] = []
  const happened = new Map<string, number>()
  const note = (what: string): void => { happened.set(what, (happened.get(what) ?? 0) + 1) }
  const freezes: Partial<Record<Role, Freeze>> = {}
  let members: readonly Member[] = []

  const noFaults: MemberFaults = {
    claims: () => 'done', commits: () => 'done', appends: () => 'done', freeze: () => undefined, successorOn: undefined,
    onClaim: async (stream, claim) => { claims.push({ ...claim, stream }) }, onCommit: () => undefined, onAppend: () => undefined,
  }
  const startMember = async (role: Role, faults: MemberFaults): Promise<Member> => await openMember(role, { settings, topics, log, faults, note })
  const ordinary = (role: Role, index: number, withFaults: boolean): MemberFaults =>
    ({ ...noFaults, ...(withFaults ? dealtFaults(new SeededNumbers(seed, FATE_STREAM + 2 * index + (role === 'router' ? 1 : 0)), note) : {}), freeze: () => freezes[role] })

  return {
    claims,
    happened,
    async start(withFaults) {
      members = await Promise.all((['router', 'writer'] as const).flatMap((role) => [0, 1].map(async (index) => await startMember(role, ordinary(role, index, withFaults)))))
    },
    async stop() {
      await Promise.all(members.map(async (member) => { await member.stop() }))
      members = []
    },
    async takeOver({ role, place, thawAfter }) {
      const freeze = new Freeze(place)
      freezes[role] = freeze
      if (!(await within(REACH_TIMEOUT_MS, freeze.reached))) {
        freeze.thaw()
        return
      }
      const thawAt = (moment: typeof thawAfter): void => {
        if (moment === thawAfter) freeze.thaw()
      }
      const successor = await startMember(role, {
        ...noFaults,
        successorOn: await freeze.reached,
        async onClaim(stream, claim) {
          await noFaults.onClaim(stream, claim)
          thawAt('claim')
          if (thawAfter === 'claim') await freeze.ended // what the zombie had begun comes before anything that the successor does
        },
        onCommit: () => { thawAt('commit') },
        onAppend: () => { thawAt('append') },
      })
      if (await within(SUCCESSION_TIMEOUT_MS, freeze.ended)) note(`${role} frozen in ${place}, thawed after its successor's ${thawAfter}`)
      freeze.thaw()
      await sleep(SIDE_BY_SIDE_MS)
      await successor.stop()
    },
  }
}

function dealtFaults(numbers: SeededNumbers, note: (what: string) => void): Pick<MemberFaults, 'claims' | 'commits' | 'appends'> {
  const deal = (what: string, counts: Readonly<Record<Fate, number>>): (() => Fate) => {
    const next = dealFates(numbers, counts)
    return () => {
      const fate = next()
      if (fate !== 'done') note(`${what} ${fate}`)
      return fate
    }
  }
  return { claims: deal('claim', CLAIM_FATES), commits: deal('commit', COMMIT_FATES), appends: deal('append', APPEND_FATES) }
}

interface MemberOptions {
  readonly settings: ServiceSettings
  readonly topics: Topics
  readonly log: Log
  readonly faults: MemberFaults
  readonly note: (what: string) => void
}

async function openMember(role: Role, { settings, topics, log, faults, note }: MemberOptions): Promise<Member> {
  const resources = new AsyncDisposableStack()
  const options = { name: role, clock: systemClock, random: systemRandom, failpoints: noFailpoints, log: log.child({ role }), signal: AbortSignal.timeout(OPEN_TIMEOUT_MS) }
  const engines = createEngines(resources, settings, options)
  const bus = faultyBus(await engines.openBus(), topics, faults)
  const catalog = faultyCatalog(await engines.openCatalog(), faults)
  const store = freezingStore(await engines.openStore(), faults.freeze)
  const workers = resources.use(openInlineWorkers())
  const stop = new AbortController()
  const live = async (): Promise<void> => {
    if (role === 'router') await routeBatches({ ...options, bus, catalog, topics }, stop.signal)
    else await writePacks({ ...options, bus, catalog, store, topics, workers }, stop.signal)
  }
  const running = superviseUntil(stop.signal, live, () => { note(`${role} ended by itself`) })
  return {
    async stop() {
      stop.abort()
      await running
      await resources.disposeAsync()
    },
  }
}

async function superviseUntil(signal: AbortSignal, live: () => Promise<void>, onEnd: () => void): Promise<void> {
  while (!signal.aborted) {
    try {
      await live()
    } catch {
      onEnd() // a zombie may find the log trimmed under it: its process ends and another one begins
      await systemClock.sleep(RESTART_PAUSE_MS, signal)
    }
  }
}
