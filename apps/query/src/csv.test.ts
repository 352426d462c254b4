import fc from 'fast-check'
import { csvLine } from './csv.ts'

describe('a line of CSV', () => {
  it('is read back as it was, whatever is in it', () => {
    fc.assert(fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', '"', ',', '\r', '\n', '=', ' ', 'é') }), { minLength: 2, maxLength: 6 }), (cells) => {
      expect(readLine(csvLine(cells, false))).toEqual(cells)
    }))
  })

  it('begins no text as a formula, and leaves numbers', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom('=', '+', '-', '@', '\t', '\r', '\n', 'a', "'") }), (text) => {
      expect(readLine(csvLine([text, -5], true))).toEqual([expect.not.stringMatching(/^[=+\-@\t\r\n]/), '-5'])
    }))
  })
})

/** A reader that goes character by character. */
function readLine(line: string): string[] {
  const cells = ['']
  let isQuoted = false
  for (let i = 0; i < line.length - 2; i++) {
    const character = line.charAt(i)
    const last = cells.length - 1
    if (isQuoted && character === '"' && line.charAt(i + 1) === '"') i++
    else if (character === '"') {
      isQuoted = !isQuoted
      continue
    } else if (!isQuoted && character === ',') {
      cells.push('')
      continue
    }
    cells[last] += character
  }
  return cells
}
