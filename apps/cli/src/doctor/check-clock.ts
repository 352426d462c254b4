import type { Notes } from './finding.ts'

/** Holds another clock against ours. @param what whose it is. @param allowedMs beside what the way there and back leaves open. */
export function checkClock(notes: Notes, what: string, { clockAheadMs, clockErrorMs }: { readonly clockAheadMs: number; readonly clockErrorMs: number }, allowedMs = MAX_SKEW_MS): void {
  const off = Math.abs(clockAheadMs)
  const text = `the clock of ${what} is ${Math.round(off)} ms ${clockAheadMs < 0 ? 'behind' : 'ahead of'} this machine's, give or take ${Math.ceil(clockErrorMs)} ms`
  if (off <= allowedMs + clockErrorMs) notes.ok(text)
  else notes.problem(text, 'answers say until when they are complete by clocks that may differ by 50 ms; Cassandra orders plain writes by them', 'run NTP (chrony) on every host and look which of the two is wrong')
}

/** What `complete_until` allows for between hosts. */
const MAX_SKEW_MS = 50
