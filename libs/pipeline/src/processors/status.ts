import type { SettingsOf } from '../pipeline-document.ts'
import type { Processor } from '../processor.ts'
import { asText } from '../put-attributes.ts'

/** The first of some attributes that has a level gives the event its status. */
export function createStatus({ from, keep }: SettingsOf<'status'>): Processor {
  return {
    type: 'status',
    async open(draft) {
      const sources = await Promise.all(from.map(async (name) => ({ name, values: await draft.load(name) })))
      const statuses = await draft.load('status')
      return (row) => {
        for (const { name, values } of sources) {
          const text = asText(values[row])
          if (text === undefined) continue
          const status = statusOf(text)
          if (status === undefined) return 'failed'
          if (!keep && name !== 'status') draft.put(name, row, undefined)
          if (statuses[row] === status) return 'same'
          return draft.put('status', row, status) ? 'changed' : 'failed'
        }
        return 'same'
      }
    },
  }
}

/** The status that a level means, by its first letters (as in Datadog), by syslog's severities 0 to 7 (RFC 5424), or by the tens of bunyan and pino. */
export function statusOf(text: string): string | undefined {
  const level = text.trim().toLowerCase()
  if (/^\d{1,3}$/.test(level)) {
    const number = Number(level)
    return number < SYSLOG_STATUSES.length ? SYSLOG_STATUSES[number] : number >= 10 && number < 70 ? TENS_STATUSES[Math.floor(number / 10) - 1] : undefined
  }
  return BEGINNINGS.find(([beginning]) => level.startsWith(beginning))?.[1]
}

const SYSLOG_STATUSES = ['emergency', 'alert', 'critical', 'error', 'warn', 'notice', 'info', 'debug']
const TENS_STATUSES = ['debug', 'debug', 'info', 'warn', 'error', 'critical']
/** In order: the longer of two that begin alike comes first. */
const BEGINNINGS: readonly (readonly [string, string])[] = [
  ['emerg', 'emergency'], ['f', 'emergency'], ['panic', 'emergency'], ['a', 'alert'], ['c', 'critical'], ['sev', 'critical'], ['e', 'error'], ['w', 'warn'], ['n', 'notice'], ['i', 'info'],
  ['d', 'debug'], ['t', 'debug'], ['v', 'debug'], ['o', 'ok'], ['s', 'ok'],
]
