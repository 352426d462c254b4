/** Prints what the codec costs: `node libs/fragment/src/fragment.bench.ts [name]`. */
import assert from 'node:assert/strict'
import { buildPack, type PackSource } from './build-pack.ts'
import { encodeFragment } from './encode-fragment.ts'
import { mergeTables } from './merge-tables.ts'
import { messageWords } from './message-words.ts'
import { decodeFragment, openFragmentBytes } from './read-fragment.ts'
import { sampleTable } from './sample-table.ts'
import { MAX_TABLE_ROWS } from './table.ts'

const only = process.argv[2]
const whole = mergeTables([{ table: sampleTable(MAX_TABLE_ROWS), origin: { stream: 'g1/0', offset: 1 } }])
const eighths = Array.from({ length: 8 }, (_, i) => ({ table: sampleTable(MAX_TABLE_ROWS / 8, (i * MAX_TABLE_ROWS) / 8), origin: { stream: 'g1/0', offset: i } }))
const batches = Array.from({ length: 256 }, (_, i) => ({ table: sampleTable(MAX_TABLE_ROWS / 256, (i * MAX_TABLE_ROWS) / 256), origin: { stream: 'g1/0', offset: i } }))
const sealed = encodeFragment(whole, { purpose: 'sealed' })
const fresh = encodeFragment(whole, { purpose: 'fresh' })

measure('encode fresh', () => encodeFragment(whole, { purpose: 'fresh' }), fresh.length)
measure('encode sealed', () => encodeFragment(whole, { purpose: 'sealed' }), sealed.length)
measure('decode fresh', () => decodeFragment(fresh))
measure('decode sealed', () => decodeFragment(sealed))
measure('merge 8 x 8k', () => mergeTables(eighths))
measure('merge 256 x 256', () => mergeTables(batches))
const inputs = eighths.map(({ table, origin }): PackSource => ({ tenantId: 'bench', kind: 'log', bytes: encodeFragment(table), origin }))
measure('seal 8 x 8k', () => buildPack({ inputs, purpose: 'sealed' }))
measure('words up to 20k', () => messageWords(whole, 20_000))
if (only === undefined) printColumns()

/** Median of CPU seconds per million events over enough runs for V8 to settle. */
function measure(name: string, run: () => unknown, bytes?: number): void {
  if (only !== undefined && only !== name) return
  const seconds: number[] = []
  for (let i = 0; i < 15; i++) {
    const before = process.cpuUsage()
    run()
    const { user, system } = process.cpuUsage(before)
    seconds.push((user + system) / MAX_TABLE_ROWS)
  }
  const median = seconds.sort((a, b) => a - b)[seconds.length >> 1]
  assert(median !== undefined)
  const size = bytes === undefined ? '' : `  ${(bytes / MAX_TABLE_ROWS).toFixed(2)} bytes/event`
  console.log(`${name.padEnd(18)}${median.toFixed(3)} s per million events${size}`)
}

function printColumns(): void {
  const sealedColumns = openFragmentBytes(sealed).header.columns
  for (const [index, { name, layout, encodedBytes }] of openFragmentBytes(fresh).header.columns.entries()) {
    const sizes = [encodedBytes, sealedColumns[index]?.encodedBytes ?? 0].map((bytes) => (bytes / MAX_TABLE_ROWS).toFixed(2).padStart(6))
    console.log(`  ${name.padEnd(20)}${layout.padEnd(12)}fresh ${sizes[0]}  sealed ${sizes[1]} bytes/event`)
  }
}
