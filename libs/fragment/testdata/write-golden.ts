/**
 * Writes the fixtures of today's format version that are not there yet; never changes one that is.
 *
 *   node libs/fragment/testdata/write-golden.ts
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeFragment, FORMAT_VERSION } from '../src/encode-fragment.ts'
import { mergeTables } from '../src/merge-tables.ts'
import { tableAsJson, tableOf, type PlainRow, type PlainValue } from '../src/plain-rows.ts'
import { sampleTable } from '../src/sample-table.ts'
import type { Table } from '../src/table.ts'

const values: readonly PlainValue[] = ['', 'text', 'été \u0000 \u{1f600}', 0, -1.5, -0, 1e21, NaN, Infinity, 9007199254740991, true, false, null, { json: '[1,{"a":"b"}]' }, { json: '{}' }, { numeral: '12.50' }, { numeral: '123456789012345678901234567890' }]
const types = values.map((value, i): PlainRow => ({ timeOffset: i * 1_234_567_891, values: new Map([['@mixed', value], ...(i % 2 === 0 ? [['@some', value] as const] : [])]) }))
const numbers = Array.from({ length: 300 }, (_, i): PlainRow => ({ timeOffset: i * 1e6, values: new Map<string, PlainValue>([['@rising', i * 1000], ['@cents', ((i * 7919) % 1000) / 100], ['@wide', i * 3e13], ['@free', Math.sqrt(i)]]) }))
const messages = Array.from({ length: 2100 }, (_, i): PlainRow => ({ timeOffset: i, values: new Map<string, PlainValue>([['message', `request ${i} by u${String(i % 97).padStart(6, '0')}`], ['@order', { json: `[${i * 31}]` }]]) }))
const kinds = Array.from({ length: 200 }, (_, i): PlainRow => {
  const hex = (i * 2654435761).toString(16).padStart(16, '0')
  const uuid = `${hex.slice(8)}-0000-4000-8000-0000${hex.slice(8)}`
  return { timeOffset: i, values: new Map(i % 10 === 9 ? [] : [['message', `took ${i / 8} ms or ${(i / 7).toFixed(2)} from 192.168.${i % 3}.${i} for ${uuid} as ${hex} or ${hex.slice(9).toUpperCase()} with é${i} of ${i % 2 === 0 ? '1.5b' : 'x1y2'} no ${String(i * 50).padStart(3, '0')}`]]) }
})

const fixtures: Record<string, { readonly table: Table; readonly purpose: 'fresh' | 'sealed' }> = {
  'types-dictionary': { table: tableOf(types, { dayNs: 86_400_000_000_000n }), purpose: 'fresh' },
  'types-text': { table: tableOf(types, { asText: true }), purpose: 'fresh' },
  numbers: { table: tableOf(numbers), purpose: 'fresh' },
  filters: { table: tableOf(messages, { asText: true }), purpose: 'sealed' },
  'slot-kinds': { table: tableOf(kinds, { asText: true }), purpose: 'sealed' },
  'logs-fresh': { table: mergeTables([{ table: sampleTable(100), origin: { stream: 'g1/0', offset: 7 } }]), purpose: 'fresh' },
  // Enough rows of one template for references between columns.
  'logs-sealed': { table: mergeTables([{ table: sampleTable(600), origin: { stream: 'g1/0', offset: 7 } }]), purpose: 'sealed' },
}

const folder = join(import.meta.dirname, `v${FORMAT_VERSION}`)
mkdirSync(folder, { recursive: true })
for (const [name, { table, purpose }] of Object.entries(fixtures)) {
  if (existsSync(join(folder, `${name}.frag`))) continue
  writeFileSync(join(folder, `${name}.frag`), encodeFragment(table, { purpose }))
  writeFileSync(join(folder, `${name}.expected.json`), `${JSON.stringify(tableAsJson(table))}\n`)
  console.log(`wrote ${name}`)
}
