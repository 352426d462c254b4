import assert from 'node:assert/strict'
import type { FailpointName, Failpoints } from './failpoints.ts'
import { noFailpoints } from './failpoints.ts'

/**
 * Reads `<name>:<hit>`: at that hit of that name the process ends itself as by power switch (SIGKILL), nothing flushed.
 * `undefined` and the empty text give failpoints that do nothing.
 */
export function failpointsFromText(text: string | undefined): Failpoints {
  if (text === undefined || text === '') return noFailpoints
  const [name, count] = text.split(':')
  const fatalHit = Number(count)
  assert(NAMES.includes(name as FailpointName), `unknown failpoint ${name}; known are ${NAMES.join(', ')}`)
  assert(Number.isInteger(fatalHit) && fatalHit > 0, 'a failpoint is written <name>:<hit>, hit from 1')
  let hits = 0
  return {
    hit(reached) {
      if (reached === name && ++hits === fatalHit) process.kill(process.pid, 'SIGKILL')
    },
  }
}

const NAMES: readonly FailpointName[] = ['after-append', 'after-store', 'inside-commit', 'inside-sealing']
