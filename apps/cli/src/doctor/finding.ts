/** What the doctor found at one place. */
export interface Finding {
  readonly area: Area
  /** `ok`; `note`: it works, and is not as production should be; `problem`: something does not work, or will not survive. */
  readonly state: 'ok' | 'note' | 'problem'
  /** What was looked at, as a person would say it: `3 brokers`. */
  readonly what: string
  /** One sentence: why it is so, or what follows from it. */
  readonly cause?: string
  /** One sentence: what to do. */
  readonly fix?: string
}

/** In the order of looking: each needs those before it, more or less. */
export const AREAS = ['settings', 'machine', 'cassandra', 'kafka', 'elasticsearch', 'redis', 'gateway'] as const

export type Area = (typeof AREAS)[number]

/** Findings of one area, made in its own words. */
export interface Notes {
  readonly findings: readonly Finding[]
  ok(what: string): void
  note(what: string, cause: string, fix: string): void
  problem(what: string, cause: string, fix: string): void
}

export function createNotes(area: Area): Notes {
  const findings: Finding[] = []
  return {
    findings,
    ok: (what) => findings.push({ area, state: 'ok', what }),
    note: (what, cause, fix) => findings.push({ area, state: 'note', what, cause, fix }),
    problem: (what, cause, fix) => findings.push({ area, state: 'problem', what, cause, fix }),
  }
}

/** `1 node`, `3 nodes`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}
