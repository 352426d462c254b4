import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { deserialize, serialize } from 'node:v8'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import { MAX_ENTRY_BYTES, type Cache } from '@millrace/cache/cache'
import type { LiveFragment, LiveFragments } from '@millrace/catalog/live-fragments'
import type { Completeness, Question } from './query-engine.ts'

/**
 * Remembers answers. Fragments never change, so an answer is a pure function of what was asked and of the byte ranges that the plan names: both are the key, and a
 * merge or a new seal makes another. How far the streams were committed comes from the fresh plan and never from the cache.
 *
 * Complete answers only, and only over sealed fragments: packs change with every flush, so that nobody would ask for the same key again.
 *
 * @param make answers for the question and plan; called unless the answer is remembered.
 */
export async function answerOnce<T extends Completeness>(cache: Cache | undefined, question: Question, plan: LiveFragments, make: () => Promise<T>): Promise<T> {
  const { fragments, positions } = plan
  if (cache === undefined || fragments.length === 0 || fragments.some(({ sealed }) => sealed === undefined)) return await make()
  const key = answerKey(question, fragments)
  // The key names the whole question, so what lies under it answers this kind of question.
  const known = (await decodeAnswer(await cache.get(question.tenantId, key))) as Omit<T, keyof Completeness> | undefined
  if (known !== undefined) return { ...known, complete: true, missing: [], positions } as unknown as T
  const answer = await make()
  if (answer.complete) {
    const bytes = await encodeAnswer(answer)
    if (bytes !== undefined) void cache.set(question.tenantId, key, bytes, ANSWER_TTL_MS) // never rejects, and nobody waits for it
  }
  return answer
}

/** Raise it with every change that answers a question otherwise over the same fragments. */
const ANSWER_VERSION = 1
/** A dashboard asks again within minutes, and what has expired may lie in a cache for no longer. */
const ANSWER_TTL_MS = 3_600_000
/** Encoding a larger answer holds up the thread for some 10 ms; few would be small enough compressed. */
const MAX_RAW_BYTES = 4 * 1024 * 1024
/** Below it compression costs more than it saves. */
const MIN_COMPRESSED_BYTES = 2048

const RAW = 0
const ZSTD = 1
const compress = promisify(zstdCompress)
const decompress = promisify(zstdDecompress)

/**
 * The time range counts as far as it cuts fragments: `now-15m` asked twice is the same question when all their events lie within. The streams are in the
 * plan already. The order of the fragments does not matter.
 */
function answerKey({ streams: _, fromNs, toNs, ...question }: Question, fragments: readonly LiveFragment[]): string {
  let [minNs, maxNs] = [toNs, fromNs]
  for (const { dayNs, minTimeOffset, maxTimeOffset } of fragments) {
    const [firstNs, endNs] = [dayNs + BigInt(minTimeOffset), dayNs + BigInt(maxTimeOffset) + 1n]
    if (firstNs < minNs) minNs = firstNs
    if (endNs > maxNs) maxNs = endNs
  }
  const range = [fromNs > minNs ? fromNs : minNs, toNs < maxNs ? toNs : maxNs]
  const places = fragments.map(({ tenantId, object, start, end }) => `${tenantId} ${object} ${start} ${end}`).sort()
  return `answer-${createHash('sha256').update(serialize([ANSWER_VERSION, question, range, places])).digest('hex')}`
}

/** A byte that says how, then the answer without its completeness. Undefined when it is too large to keep. */
async function encodeAnswer({ complete: _complete, missing: _missing, positions: _positions, ...rest }: Completeness): Promise<Uint8Array | undefined> {
  const raw = serialize(rest)
  if (raw.length > MAX_RAW_BYTES) return undefined
  const bytes = raw.length < MIN_COMPRESSED_BYTES ? Buffer.concat([Buffer.of(RAW), raw]) : Buffer.concat([Buffer.of(ZSTD), await compress(raw)])
  return bytes.length > MAX_ENTRY_BYTES ? undefined : bytes
}

/** Bytes that cannot be read, such as those of a newer Node, are no answer. */
async function decodeAnswer(bytes: Uint8Array | undefined): Promise<unknown> {
  if (bytes === undefined) return undefined
  try {
    const body = bytes.subarray(1)
    return deserialize(bytes[0] === ZSTD ? await decompress(body, { maxOutputLength: MAX_RAW_BYTES }) : body)
  } catch (cause) {
    if (cause instanceof Error) return undefined
    throw cause
  }
}
