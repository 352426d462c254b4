import type { RedisFacts } from '@millrace/redis/inspect-redis'
import { amountText } from '../capacity/amount-text.ts'
import { checkClock } from './check-clock.ts'
import type { Notes } from './finding.ts'

/** What is wrong with a Redis that answers. */
export function checkRedis(notes: Notes, facts: RedisFacts): void {
  const { version, maxMemoryBytes, usedMemoryBytes, evictionPolicy, isPersistent } = facts
  if (maxMemoryBytes === 0) notes.problem('its memory has no bound', 'remembered answers grow until its host kills it', 'set maxmemory (256 MB is enough for most) and maxmemory-policy volatile-lru')
  else notes.ok(`version ${version}, ${amountText(usedMemoryBytes, 'B')} of ${amountText(maxMemoryBytes, 'B')} used`)
  if (evictionPolicy === 'noeviction') notes.problem('it evicts nothing (maxmemory-policy noeviction)', 'once it is full it refuses writes: rates are no longer shared, and no answer is remembered', 'set maxmemory-policy volatile-lru: every key has a time to live')
  else notes.ok(`it evicts by ${evictionPolicy}`)
  if (isPersistent) notes.note('it writes an append-only file', 'nothing in it is needed after a restart', 'set appendonly no')
  checkClock(notes, 'Redis', facts)
}
