import type { SettingsOf } from '../pipeline-document.ts'
import type { Processor } from '../processor.ts'
import { asText } from '../put-attributes.ts'

/** The first of some attributes that has a value gives it to another. */
export function createRemap({ from, to, keep, overwrite }: SettingsOf<'remap'>): Processor {
  return {
    type: 'remap',
    async open(draft) {
      const sources = await Promise.all(from.map(async (name) => ({ name, values: await draft.load(name) })))
      const target = await draft.load(to)
      // A reserved attribute is a text.
      const isText = !to.startsWith('@')
      return (row) => {
        const source = sources.find(({ values }) => values[row] !== undefined && (!isText || asText(values[row]) !== undefined))
        if (source === undefined || source.name === to || (!overwrite && target[row] !== undefined)) return 'same'
        const value = source.values[row]
        const put = isText ? asText(value) : value
        return (keep ? draft.put(to, row, put) : draft.move(source.name, to, row, put)) ? 'changed' : 'failed'
      }
    },
  }
}

export function createRemove({ names }: SettingsOf<'remove'>): Processor {
  return {
    type: 'remove',
    async open(draft) {
      const columns = await Promise.all(names.map(async (name) => ({ name, values: await draft.load(name) })))
      return (row) => {
        let isChanged = false
        for (const { name, values } of columns) if (values[row] !== undefined) isChanged = draft.put(name, row, undefined)
        return isChanged ? 'changed' : 'same'
      }
    },
  }
}

export function createSet({ to, value, overwrite }: SettingsOf<'set'>): Processor {
  const put = to.startsWith('@') ? value : String(value)
  return {
    type: 'set',
    async open(draft) {
      const values = await draft.load(to)
      return (row) => {
        if (values[row] === put || (!overwrite && values[row] !== undefined)) return 'same'
        return draft.put(to, row, put) ? 'changed' : 'failed'
      }
    },
  }
}
