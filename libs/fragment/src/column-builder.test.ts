import fc from 'fast-check'
import type { NumberColumnBuilder, StringColumnBuilder } from './column-builder.ts'
import { rowsOf, type PlainValue } from './plain-rows.ts'
import { TableBuilder } from './table-builder.ts'
import { LITERALS, MAX_TABLE_ROWS } from './table.ts'

const value: fc.Arbitrary<PlainValue> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 9 }),
  fc.constantFrom('', 'info', 'error'),
  fc.double({ noNaN: true }),
  fc.constantFrom(true, false, null),
  fc.record({ json: fc.constantFrom('[]', '{}', '[1]') }),
)
const row = fc.record({
  day: fc.integer({ min: 20_000, max: 20_002 }),
  values: fc.array(fc.tuple(fc.constantFrom('message', '@a', '@b', '@c'), value), { maxLength: 6 }),
  isDiscarded: fc.boolean(),
})

describe('a table builder', () => {
  it('gives back each ended row on its day, with the last value of every name', () => {
    fc.assert(fc.property(fc.array(fc.array(row, { maxLength: 30 }), { minLength: 1, maxLength: 3 }), (takes) => {
      const filler = new Filler()
      for (const rows of takes) {
        const expected: string[] = []
        for (const [index, { day, values, isDiscarded }] of rows.entries()) {
          const last = new Map<string, PlainValue>()
          for (const [name, put] of values) {
            filler.put(name, put)
            last.set(name, put)
          }
          if (isDiscarded) filler.discardRow()
          else {
            filler.endRow(day, index)
            expected.push(line(day, index, last))
          }
        }
        const tables = filler.builder.take()
        const found = tables.flatMap((table) => allRowsOf(table).map(({ timeOffset, values }) => line(Number(table.dayNs / 86_400_000_000_000n), timeOffset, values)))
        expect(found.sort()).toEqual(expected.sort())
        expect(new Set(tables.map(({ dayNs }) => dayNs)).size).toBe(tables.length)
      }
    }))
  })

  it('turns mostly distinct strings into text and leaves few in a dictionary, also beside taken-back rows', () => {
    const filler = new Filler()
    for (let take = 0; take < 2; take++) {
      for (let i = 0; i < 3000; i++) {
        filler.put('message', `line ${i}, ${'x'.repeat(i % 1500)}`)
        filler.put('status', i % 3 === 0 ? 'error' : 'info')
        if (i % 7 === 0) filler.discardRow()
        else filler.endRow(20_000, i)
      }
      const [table] = filler.builder.take()
      expect(layouts(table!.columns)).toEqual({ _row: 'number', message: 'text', status: 'dictionary' })
      expect(table!.columns.every((column) => column.layout === 'dictionary' || column.layout === 'literal' || column.present === undefined)).toBe(true)
      expect(rowsOf(table!).every(({ timeOffset, values }) => values.get('message') === `line ${timeOffset}, ${'x'.repeat(timeOffset % 1500)}`)).toBe(true)
    }
  })

  it('has no dictionary entry that no row uses', () => {
    const filler = new Filler()
    filler.put('status', 'gone')
    filler.discardRow()
    filler.put('status', 'replaced')
    filler.put('status', 'kept')
    filler.endRow(20_000, 1)
    const column = filler.builder.take()[0]!.columns.find(({ name }) => name === 'status')
    expect(column?.layout === 'dictionary' && Buffer.from(column.dictionary.bytes).toString()).toBe('kept')
  })

  it('closes a table before it has more rows than a fragment holds', () => {
    const filler = new Filler()
    for (let i = 0; i < MAX_TABLE_ROWS + 5; i++) filler.endRow(20_000, i)
    expect(filler.builder.take().map(({ rows }) => rows)).toEqual([MAX_TABLE_ROWS, 5])
  })

  it('does not multiply rows with names of their own', () => {
    const filler = new Filler()
    for (let i = 0; i < 20_000; i++) {
      filler.put(`@name${i % 4000}`, i)
      filler.endRow(20_000, i)
    }
    expect(filler.builder.columnCount).toBe(4000)
    const tables = filler.builder.take()
    expect(tables.reduce((sum, { rows, columns }) => sum + rows * columns.length, 0)).toBeLessThan(20_000 * 1000)
    expect(tables.reduce((sum, { rows }) => sum + rows, 0)).toBe(20_000)
    expect(filler.builder.columnCount).toBe(0)
  })

  it('counts no column that only a discarded row had', () => {
    const filler = new Filler()
    filler.put('@a', 1)
    filler.endRow(20_000, 0)
    filler.put('@a', 1)
    filler.put('@b', 1)
    expect(filler.builder.columnCount).toBe(2)
    filler.discardRow()
    expect(filler.builder.columnCount).toBe(1)
  })

  it('tells whether the value put last stands somewhere again, in the same table', () => {
    const builder = new TableBuilder()
    const column = builder.stringColumn('message', 'string')
    const bytes = Buffer.from('\0\0status info, info and inf')
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    expect(column.repeats(view, 9, bytes.length)).toBe(-1)
    column.putHashed(bytes, view, 9, 13, 1)
    expect([9, 15, 14, 24].map((start) => column.repeats(view, start, bytes.length))).toEqual([4, 4, -1, -1])
    builder.endRow(20_000, 0, 0)
    column.putAgain()
    builder.endRow(20_000, 1, 1)
    column.put(bytes, view, 2, 8)
    expect(column.repeats(view, 2, bytes.length)).toBe(-1)
    builder.endRow(20_000, 2, 2)
    column.putHashed(bytes, view, 9, 13, 1)
    builder.discardRow()
    expect(rowsOf(builder.take()[0]!).map(({ values }) => values.get('message'))).toEqual(['info', 'info', 'status'])
    expect(column.repeats(view, 9, bytes.length)).toBe(-1)
  })

  it('gives strings that were made to collide up to text, where none is looked up', () => {
    const filler = new Filler()
    const column = filler.builder.stringColumn('message', 'string')
    for (let i = 0; i < 2000; i++) {
      const bytes = colliding(i >> 1)
      column.put(bytes, new DataView(bytes.buffer), 0, bytes.length)
      filler.endRow(20_000, i)
    }
    expect(layouts(filler.builder.take()[0]!.columns)).toEqual({ _row: 'number', message: 'text' })
  })
})

/** Puts plain values through the columns that a decoder would keep. */
class Filler {
  readonly builder = new TableBuilder()
  readonly #columns = new Map<string, StringColumnBuilder | NumberColumnBuilder>()
  #inRow = new Map<string, StringColumnBuilder | NumberColumnBuilder>()

  put(name: string, value: PlainValue): void {
    this.#inRow.get(name)?.erase()
    if (typeof value === 'number' || typeof value === 'boolean' || value === null) {
      const isNumber = typeof value === 'number'
      const column = this.#column(name, isNumber ? 'number' : 'literal', () => (isNumber ? this.builder.numberColumn(name) : this.builder.literalColumn(name))) as NumberColumnBuilder
      column.put(isNumber ? value : LITERALS[String(value) as keyof typeof LITERALS])
      return
    }
    const [type, text] = typeof value === 'string' ? (['string', value] as const) : (['json', 'json' in value ? value.json : value.numeral] as const)
    const bytes = Buffer.from(`  ${text}  `)
    const column = this.#column(name, type, () => this.builder.stringColumn(name, type)) as StringColumnBuilder
    column.put(bytes, new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 2, bytes.length - 2)
  }

  endRow(day: number, index: number): void {
    this.builder.endRow(day, index, index)
    this.#inRow.clear()
  }

  discardRow(): void {
    this.builder.discardRow()
    this.#inRow.clear()
  }

  #column(name: string, type: string, create: () => StringColumnBuilder | NumberColumnBuilder): StringColumnBuilder | NumberColumnBuilder {
    const column = this.#columns.get(`${type} ${name}`) ?? create()
    this.#columns.set(`${type} ${name}`, column)
    this.#inRow.set(name, column)
    return column
  }
}

/** `rowsOf` leaves `_row` out where it only counts. */
function allRowsOf(table: Parameters<typeof rowsOf>[0]): ReturnType<typeof rowsOf> {
  const rows = rowsOf(table)
  for (const { timeOffset, values } of rows) if (values.get('_row') !== undefined && values.get('_row') !== timeOffset) throw new Error('a wrong row number')
  return rows
}

function line(day: number, index: number, values: ReadonlyMap<string, PlainValue>): string {
  const shown = [...values].filter(([name]) => name !== '_row').sort(([a], [b]) => (a < b ? -1 : 1))
  // JSON has no -0 and no infinities.
  return `${day} ${index} ${JSON.stringify(shown, (_, shownValue: unknown) => (typeof shownValue === 'number' ? `number ${Object.is(shownValue, -0) ? '-0' : shownValue}` : shownValue))}`
}

function layouts(columns: readonly { readonly name: string; readonly layout: string }[]): Record<string, string> {
  return Object.fromEntries(columns.map(({ name, layout }) => [name, layout]))
}

/** Eight bytes whose second half undoes what the first half did to the hash. */
function colliding(index: number): Uint8Array {
  const bytes = new Uint8Array(8)
  const view = new DataView(bytes.buffer)
  view.setInt32(0, index, true)
  const hash = Math.imul(index, 0x9e3779b1)
  view.setInt32(4, hash ^ (hash >>> 15), true)
  return bytes
}
