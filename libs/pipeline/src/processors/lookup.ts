import { BadPipelineError, type PipelineDocument, type SettingsOf } from '../pipeline-document.ts'
import type { Processor } from '../processor.ts'
import { asText } from '../put-attributes.ts'

/** A value found in a table gives another attribute its value. @throws {BadPipelineError} there is no such table. */
export function createLookup({ from, to, table, otherwise, overwrite }: SettingsOf<'lookup'>, tables: PipelineDocument['tables'], place: string): Processor {
  const entries = Object.hasOwn(tables, table) ? tables[table] : undefined
  if (entries === undefined) throw new BadPipelineError(`${place}.table: there is no table ${JSON.stringify(table)}`)
  const found = new Map(Object.entries(entries))
  return {
    type: 'lookup',
    async open(draft) {
      const sources = await draft.load(from)
      const targets = await draft.load(to)
      return (row) => {
        const text = asText(sources[row])
        if (text === undefined || (!overwrite && targets[row] !== undefined)) return 'same'
        const value = found.get(text) ?? otherwise
        if (value === undefined) return 'failed'
        return targets[row] === value ? 'same' : draft.put(to, row, value) ? 'changed' : 'failed'
      }
    },
  }
}
