import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { tableAsJson } from './plain-rows.ts'
import { decodeFragment, openFragmentBytes } from './read-fragment.ts'

const root = join(import.meta.dirname, '../testdata')
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.frag'))

describe('fragments written by every version so far', () => {
  it('are here', () => {
    expect(files.length).toBeGreaterThan(0)
  })

  it.each(files)('give exactly their rows: %s', async (path) => {
    const bytes = readFileSync(join(root, path))
    const expected: unknown = JSON.parse(readFileSync(join(root, path.replace(/frag$/, 'expected.json')), 'utf8'))
    expect(tableAsJson(decodeFragment(bytes))).toEqual(expected)
    expect(tableAsJson(await openFragmentBytes(bytes).readTable())).toEqual(expected)
  })
})

describe('a filter written by version 1', () => {
  it('denies no word and no value that is there', async () => {
    const fragment = openFragmentBytes(readFileSync(join(root, 'v1/filters.frag')))
    for (let i = 0; i < 2100; i += 10) {
      expect(await fragment.mightContainWord('message', `u${String(i % 97).padStart(6, '0')}`)).toBe(true)
      expect(await fragment.mightContainValue('message', `request ${i} by u${String(i % 97).padStart(6, '0')}`)).toBe(true)
      expect(await fragment.mightContainValue('@order', `[${i * 31}]`)).toBe(true)
    }
    expect(await fragment.mightContainWord('message', 'u000097')).toBe(false)
    expect(await fragment.mightContainValue('@order', '[1]')).toBe(false)
  })
})
