import type { EngineName } from '@millrace/simulator/describe-on'
import type { FailpointName } from '@millrace/runtime/failpoints'
import type { ServiceName } from '@millrace/service/settings'
import { SeededNumbers } from '../load/seeded-numbers.ts'

/** One thing that goes wrong. */
export type Fault =
  /** SIGKILL of one replica, which is started again after a moment. */
  | { readonly kind: 'kill'; readonly service: ServiceName; readonly turn: number }
  /** One replica is started anew and ends itself there. */
  | { readonly kind: 'failpoint'; readonly service: ServiceName; readonly turn: number; readonly failpoint: string }
  /** SIGSTOP of one replica, longer than its group waits for it: it wakes up as a zombie. */
  | { readonly kind: 'freeze'; readonly service: ServiceName; readonly turn: number; readonly forMs: number }
  /** `crash` is SIGKILL and a start, `restart` an orderly end and a start, each after `forMs`; `pause` is SIGSTOP for `forMs`. */
  | { readonly kind: 'engine'; readonly engine: EngineName; readonly how: 'crash' | 'restart' | 'pause'; readonly forMs: number }

/** Faults one after the other, then quiet until answers are complete again. */
export type Phase = readonly Fault[]

export interface PlanOptions {
  readonly seed: number
  /** Of each service. */
  readonly kills: number
  /** Faults of each engine. */
  readonly engineFaults: number
  /** All in one phase, for a run of minutes. */
  readonly isShort: boolean
}

/** Equal seeds give equal plans. */
export function planChaos({ seed, kills, engineFaults, isShort }: PlanOptions): readonly Phase[] {
  const numbers = new SeededNumbers(seed, CHAOS_STREAM)
  const ofServices = shuffled(numbers, [
    ...SERVICES.flatMap((service) => Array.from({ length: kills }, (_, turn) => killOf(numbers, service, turn))),
    ...FREEZABLE.flatMap((service) => Array.from({ length: Math.ceil(kills / KILLS_PER_FREEZE) }, (_, turn): Fault => ({ kind: 'freeze', service, turn, forMs: FREEZE_MS }))),
  ])
  const ofEngines = shuffled(numbers, ENGINES.flatMap((engine) => Array.from({ length: engineFaults }, (_, turn): Fault => ({
    kind: 'engine', engine, how: isShort ? 'crash' : (HOWS[turn % HOWS.length] ?? 'crash'), forMs: 1000 + numbers.below(isShort ? 2000 : MAX_ENGINE_DOWN_MS),
  }))))
  if (isShort) return [[...ofServices, ...ofEngines]]
  const half = Math.ceil(ofServices.length / 2)
  return [ofServices.slice(0, half), ...ofEngines.slice(0, ofEngines.length / 2).map((fault) => [fault]), ofServices.slice(half), ...ofEngines.slice(ofEngines.length / 2).map((fault) => [fault])]
}

const CHAOS_STREAM = 2 ** 45
const SERVICES: readonly ServiceName[] = ['gateway', 'intake', 'router', 'writer', 'indexer', 'query']
const ENGINES: readonly EngineName[] = ['kafka', 'cassandra', 'elasticsearch', 'redis']
const HOWS = ['crash', 'pause', 'restart'] as const
/** Those whose zombies could do harm. */
const FREEZABLE: readonly ServiceName[] = ['router', 'writer']
const KILLS_PER_FREEZE = 5
/** Twice the session time-out of a consumer: its partitions belong to another when it wakes. */
const FREEZE_MS = 20_000
const MAX_ENGINE_DOWN_MS = 15_000

/** Every second kill of a service that has failpoints happens at one. */
const FAILPOINTS: Partial<Readonly<Record<ServiceName, readonly FailpointName[]>>> = { intake: ['after-append'], writer: ['after-store', 'inside-commit'], indexer: ['inside-sealing'] }

function killOf(numbers: SeededNumbers, service: ServiceName, turn: number): Fault {
  const names = FAILPOINTS[service] ?? []
  const name = turn % 2 === 1 ? names[(turn >> 1) % names.length] : undefined
  if (name === undefined) return { kind: 'kill', service, turn }
  return { kind: 'failpoint', service, turn, failpoint: `${name}:${1 + numbers.below(name === 'inside-sealing' ? 2 : 12)}` }
}

function shuffled<T>(numbers: SeededNumbers, values: readonly T[]): readonly T[] {
  const mixed = [...values]
  for (let last = mixed.length - 1; last > 0; last--) {
    const other = numbers.below(last + 1)
    const [a, b] = [mixed[last], mixed[other]]
    if (a !== undefined && b !== undefined) [mixed[last], mixed[other]] = [b, a]
  }
  return mixed
}

/** For logs and the report. */
export function faultText(fault: Fault): string {
  switch (fault.kind) {
    case 'kill':
      return `kill -9 ${fault.service}`
    case 'failpoint':
      return `${fault.service} ends at ${fault.failpoint}`
    case 'freeze':
      return `freeze ${fault.service} for ${fault.forMs} ms`
    case 'engine':
      return `${fault.how} ${fault.engine}, ${fault.forMs} ms`
  }
}
