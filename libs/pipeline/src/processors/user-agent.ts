import bowser from 'bowser'
import type { SettingsOf } from '../pipeline-document.ts'
import type { Processor } from '../processor.ts'
import { putAttributes, type Attributes } from '../put-attributes.ts'

/** Browser, operating system and device of a `User-Agent` header, below `to`. */
export function createUserAgent({ from, to }: SettingsOf<'user-agent'>): Processor {
  // Few browsers send most requests.
  const known = new Map<string, Attributes>()
  return {
    type: 'user-agent',
    async open(draft) {
      const texts = await draft.load(from)
      return (row) => {
        const text = texts[row]
        if (typeof text !== 'string' || text === '') return 'same'
        if (text.length > MAX_LENGTH) return 'failed'
        let attributes = known.get(text)
        if (attributes === undefined) {
          if (known.size === MAX_KNOWN) known.clear()
          known.set(text, (attributes = parseUserAgent(text, to)))
        }
        return attributes.length === 0 ? 'failed' : putAttributes(draft, row, attributes, true)
      }
    },
  }
}

function parseUserAgent(text: string, to: string): Attributes {
  const { browser, os, platform } = bowser.parse(text)
  const parts: readonly (readonly [string, string | undefined])[] = [
    ['browser.name', browser.name], ['browser.version', browser.version], ['os.name', os.name], ['os.version', os.version], ['device.type', platform.type], ['device.vendor', platform.vendor],
  ]
  return parts.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[`${to}.${name}`, value] as const]))
}

/** Real ones have some 200 characters, and the parser's expressions are not linear. */
const MAX_LENGTH = 512
const MAX_KNOWN = 1_000
