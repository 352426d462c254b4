import type { BuiltPack, PackOrder, PackSource } from '@millrace/fragment/build-pack'
import type { Clock } from '@millrace/runtime/clock'

/**
 * Builds one pack out of `records`; when that fails, finds out which of them are to blame. A failed build is tried again, since a thread may have died of something
 * else; then each half is built on its own, and so on, until what cannot be built stands alone. What was built in parts is one pack all the same.
 *
 * The `guilty` are not all left out of `pack` when there are some: the caller builds again without them.
 *
 * @throws what the build threw, when no record is to blame: an engine failed, the signal aborted, or the workers cannot even build an empty pack.
 */
export async function buildAroundPoison<R extends PackRecord>(records: readonly R[], tools: BuildTools): Promise<{ readonly pack: BuiltPack; readonly guilty: ReadonlyMap<R, string> }> {
  const guilty = new Map<R, string>()
  const packs = records.length === 0 ? [] : await buildParts(records, BUILD_ATTEMPTS, tools, guilty)
  return { pack: joinPacks(packs), guilty }
}

/** A record with all that must be merged of it: it is stored whole or left out whole. */
export interface PackRecord {
  readonly sources: readonly PackSource[]
}

export interface BuildTools {
  /** Pure; may run in a thread that dies of it. */
  readonly build: (order: PackOrder) => Promise<BuiltPack>
  readonly clock: Clock
  /** Of the assignment: once it has aborted, no failure is a record's. */
  readonly signal: AbortSignal
}

/** Builds of all records, and of one alone, before it is called impossible: a thread's death and a moment without memory pass. The parts between are tried once, since they are only cut further. */
const BUILD_ATTEMPTS = 3
/** Between two attempts: a new thread starts in a tenth of it, and memory of other flushes is given back. */
const ATTEMPT_PAUSE_MS = 200

async function buildParts<R extends PackRecord>(records: readonly R[], attempts: number, tools: BuildTools, guilty: Map<R, string>): Promise<readonly BuiltPack[]> {
  const owners = records.flatMap((record) => record.sources.map(() => record))
  const built = await tryBuild(records.flatMap(({ sources }) => sources), attempts, tools)
  if ('pack' in built) {
    for (const { index, reason } of built.pack.unreadable) {
      const owner = owners[index]
      if (owner !== undefined) guilty.set(owner, reason)
    }
    return [built.pack]
  }
  const [only] = records
  if (only !== undefined && records.length === 1) {
    guilty.set(only, `it cannot be merged: ${built.failure.name}: ${built.failure.message}`)
    return []
  }
  const middle = records.length >>> 1
  const packs: BuiltPack[] = []
  for (const half of [records.slice(0, middle), records.slice(middle)]) packs.push(...(await buildParts(half, half.length === 1 ? BUILD_ATTEMPTS : 1, tools, guilty)))
  return packs
}

async function tryBuild(inputs: readonly PackSource[], attempts: number, tools: BuildTools): Promise<{ readonly pack: BuiltPack } | { readonly failure: Error }> {
  const { build, clock, signal } = tools
  for (let attempt = 1; ; attempt++) {
    try {
      return { pack: await build({ inputs, purpose: 'fresh' }) }
    } catch (error) {
      if (signal.aborted || !(error instanceof Error) || isOfEngine(error)) throw error
      if (attempt === attempts) {
        // Workers that are closed, or cannot load their code, fail at every record: none must be blamed for that.
        if (attempts > 1) await build({ inputs: [], purpose: 'fresh' })
        return { failure: error }
      }
    }
    await clock.sleep(ATTEMPT_PAUSE_MS, signal)
  }
}

/** Errors of ports say something about an engine or about this writer's claim, never about a record. */
function isOfEngine(error: Error): boolean {
  return error.name === 'AbortError' || ('retryable' in error && error.retryable === true) || ('code' in error && (error.code === 'FENCED' || error.code === 'OUTCOME_UNKNOWN'))
}

/** Fragments of a pack stand back to back, so packs in a row are one pack. */
function joinPacks(packs: readonly BuiltPack[]): BuiltPack {
  let start = 0
  const directory = packs.flatMap((pack) => {
    const base = start
    start += pack.bytes.length
    return pack.directory.map((entry) => ({ ...entry, start: entry.start + base, end: entry.end + base }))
  })
  const [only] = packs
  return { bytes: only !== undefined && packs.length === 1 ? only.bytes : Buffer.concat(packs.map(({ bytes }) => bytes)), directory, words: [], unreadable: [] }
}
