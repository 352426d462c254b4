import { KEEP_ALL, type Filter } from './filters/filter.ts'
import type { FragmentReader } from './fragment-reader.ts'
import type { Question } from './query-engine.ts'
import { clipTo, narrowByTime } from './time-clip.ts'

/** 1 per row of a fragment that matches; `all` and `none` where header, dictionaries and filters alone tell, so that no row was read. */
export async function maskOfMatches(fragment: FragmentReader, { fromNs, toNs }: Pick<Question, 'fromNs' | 'toNs'>, filter: Filter): Promise<Uint8Array | 'all' | 'none'> {
  const clip = clipTo(fragment.header, fromNs, toNs)
  if (clip === undefined) return 'none'
  const decision = await fragment.decide(filter)
  if (decision === 'none') return 'none'
  if (clip.isWhole && decision === 'all') return 'all'
  const narrow = decision === 'all' ? KEEP_ALL : await filter.load(fragment)
  const mask = new Uint8Array(fragment.header.rows).fill(1)
  if (!clip.isWhole) narrowByTime(await fragment.times(), clip, 0, mask)
  narrow(0, mask)
  return mask
}
