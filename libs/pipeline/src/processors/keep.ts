import { crc32 } from 'node:zlib'
import type { SettingsOf } from '../pipeline-document.ts'
import type { Processor } from '../processor.ts'
import { asText } from '../put-attributes.ts'

/** Keeps a share of the events: of all, or of the values of an attribute, so that what belongs together stays together. */
export function createSample({ rate, by }: SettingsOf<'sample'>): Processor {
  return {
    type: 'sample',
    async open(draft, { stream, offset }) {
      const values = by === undefined ? undefined : await draft.load(by)
      return (row) => {
        const text = values === undefined ? `${stream}/${offset}/${row}` : asText(values[row])
        // An event without the attribute belongs to none that is left out.
        return text === undefined || sampleShare(text) < rate ? 'same' : 'dropped'
      }
    },
  }
}

export function createDrop(): Processor {
  return { type: 'drop', open: () => Promise.resolve(() => 'dropped') }
}

/** For how many days the event is kept; the shortest of several wins. */
export function createRetention({ days }: SettingsOf<'retention'>): Processor {
  return {
    type: 'retention',
    open: (draft) => Promise.resolve((row) => {
      const before = draft.retentionDays[row] ?? 0
      if (before !== 0 && before <= days) return 'same'
      draft.retentionDays[row] = days
      return 'changed'
    }),
  }
}

/** In [0, 1), evenly: CRC-32 of the text's UTF-8, its bits mixed as MurmurHash3 ends, by 2^32. The same everywhere and for ever. */
export function sampleShare(text: string): number {
  let bits = crc32(text)
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return ((bits ^ (bits >>> 16)) >>> 0) / 2 ** 32
}
