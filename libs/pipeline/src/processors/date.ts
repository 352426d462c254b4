import { NS_PER_DAY } from '@millrace/event/event'
import { parseTimestamp, timestampFromEpoch } from '@millrace/event/timestamp'
import { BadPipelineError, type SettingsOf } from '../pipeline-document.ts'
import type { Processor } from '../processor.ts'
import { asText } from '../put-attributes.ts'
import { compileDateFormat } from './date-format.ts'

/** The first of some attributes that is a time becomes the event's own. A time that the door would have refused changes nothing. */
export function createDate({ from, formats, offset, keep }: SettingsOf<'date'>, place: string): Processor {
  const zoneMinutes = (offset.startsWith('-') ? -1 : 1) * (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(4, 6)))
  if (Math.abs(zoneMinutes) > MAX_ZONE_MINUTES) throw new BadPipelineError(`${place}.offset: no zone is so far from UTC`)
  const readers = formats.map((format, index) => readerOf(format, zoneMinutes, `${place}.formats[${index}]`))
  return {
    type: 'date',
    async open(draft, { oldestNs, newestNs }) {
      const sources = await Promise.all(from.map(async (name) => ({ name, values: await draft.load(name) })))
      const times = await draft.times()
      const { dayNs } = draft.fragment.header
      const days = new Set<number>([0])
      return (row) => {
        const source = sources.find(({ values }) => values[row] !== undefined && values[row] !== null)
        const text = source === undefined ? undefined : asText(source.values[row])
        if (source === undefined || text === undefined) return 'same'
        const ns = text.length > MAX_DATE_LENGTH ? undefined : firstOf(readers, text)
        if (ns === undefined || ns < oldestNs || ns > newestNs) return 'failed'
        const time = Number(ns - dayNs)
        const day = Math.floor(time / Number(NS_PER_DAY))
        if (days.size === MAX_DAYS && !days.has(day)) return 'failed'
        days.add(day)
        const isSame = times[row] === time
        if (!isSame) draft.putTime(row, time)
        if (!keep) draft.put(source.name, row, undefined)
        return isSame && keep ? 'same' : 'changed'
      }
    },
  }
}

type DateReader = (text: string) => bigint | undefined

function readerOf(format: string, zoneMinutes: number, place: string): DateReader {
  if (format === 'epoch') return timestampFromEpoch
  if (format === 'iso8601') return (text) => {
    const ns = parseTimestamp(text)
    return ns === undefined || zoneMinutes === 0 || ZONED.test(text) ? ns : ns - BigInt(zoneMinutes) * NS_PER_MINUTE
  }
  return compileDateFormat(format, zoneMinutes, place)
}

function firstOf(readers: readonly DateReader[], text: string): bigint | undefined {
  for (const read of readers) {
    const ns = read(text)
    if (ns !== undefined) return ns
  }
  return undefined
}

const NS_PER_MINUTE = 60_000_000_000n
/** What ends a time with a zone of its own. */
const ZONED = /(?:[Zz]|[T ].*[+-]\d\d(?::?\d\d)?)$/
/** Kiritimati's fourteen hours are the most. */
const MAX_ZONE_MINUTES = 14 * 60
const MAX_DATE_LENGTH = 100
/** Of one fragment: each day becomes a fragment of its own. */
const MAX_DAYS = 16
