import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { MUTANTS } from './catalogue.ts'
import { mutate } from './mutant.ts'

describe('mutants', () => {
  for (const mutant of MUTANTS) {
    it(`can be planted: ${mutant.about}`, () => {
      const original = readFileSync(join(import.meta.dirname, '../..', mutant.file), 'utf8')
      expect(mutate(original, mutant)).not.toBe(original)
    })
  }

  it('are refused when the code has moved on', () => {
    const mutant = { run: 'crash', name: 'm', about: '', file: 'f.ts', replacements: [['a', 'b']] } as const
    expect(() => mutate('xyz', mutant)).toThrow('0 times instead of once')
    expect(() => mutate('a a', mutant)).toThrow('2 times instead of once')
  })
})
