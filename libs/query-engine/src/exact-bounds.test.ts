import { openFragmentBytes } from '@millrace/fragment/read-fragment'
import { encodeFragment } from '@millrace/fragment/encode-fragment'
import { tableOf } from '@millrace/fragment/plain-rows'
import { stringsFrom } from '@millrace/fragment/strings'
import { systemClock } from '@millrace/runtime/system-clock'
import { RE2JS } from 're2js'
import fc from 'fast-check'
import { DistinctAccumulator } from './aggregates/distinct.ts'
import { PercentileAccumulator } from './aggregates/percentile.ts'
import { selectPlace } from './aggregates/select-place.ts'
import { FragmentParts } from './fragment-parts.ts'
import { FragmentReader } from './fragment-reader.ts'
import { canonicalDecimal } from './patterns/decimal.ts'
import { narrowBySubstring } from './patterns/find-substring.ts'
import { hasPhrase } from './patterns/phrase.ts'
import { translateRegex } from './patterns/translate-regex.ts'
import { QueryBudget } from './query-budget.ts'

const facet = { kind: 'attribute', name: 'n' } as const

function readerOf(numbers: readonly number[]): FragmentReader {
  const parts = new FragmentParts(openFragmentBytes(encodeFragment(tableOf(numbers.map((n, timeOffset) => ({ timeOffset, values: new Map([['@n', n]]) }))))), () => undefined)
  const live = { tenantId: 'acme', kind: 'log' as const, dayNs: 0n, rows: numbers.length, minTimeOffset: 0, maxTimeOffset: numbers.length, start: 0, end: 1, object: 'o', sealed: undefined }
  return new FragmentReader(live, parts, new QueryBudget(systemClock, new AbortController().signal, { timeMs: 60_000, readBytes: 1e9 }))
}

describe('beyond the bounds of exactness', () => {
  it('percentiles are off by no more than a hundredth', async () => {
    const percentiles = new PercentileAccumulator(facet, 1000)
    const numbers = Array.from({ length: 20_000 }, (_, i) => ((i * 7919) % 20_000) / 7 + 1)
    for (let start = 0; start < numbers.length; start += 5000) (await percentiles.load(readerOf(numbers.slice(start, start + 5000))))(Uint32Array.from({ length: 5000 }, (_, row) => row), new Uint32Array(5000).fill(3))
    const sorted = numbers.toSorted((a, b) => a - b)
    for (const [aggregation, quantile] of [['median', 0.5], ['pc95', 0.95], ['pc99', 0.99]] as const) {
      const exact = sorted[Math.floor(quantile * (sorted.length - 1))] ?? NaN
      expect(Math.abs((percentiles.value(3, aggregation) ?? NaN) - exact) / exact).toBeLessThanOrEqual(0.0101)
    }
    expect(percentiles.value(2, 'median')).toBeNull()
  })

  it('distinct counts are off by what sampling allows', async () => {
    const distinct = new DistinctAccumulator(facet, 4096)
    const reader = readerOf(Array.from({ length: 60_000 }, (_, i) => i % 50_000))
    ;(await distinct.load(reader))(Uint32Array.from({ length: 60_000 }, (_, row) => row), new Uint32Array(60_000).fill(1))
    // 2048 to 4096 hashes are kept: five standard errors are 11 %.
    expect(Math.abs(distinct.value(1) - 50_000) / 50_000).toBeLessThan(0.11)
    expect(distinct.value(0)).toBe(0)
  })
})

describe('pieces of the engine', () => {
  it('select what a sort would place', () => {
    fc.assert(fc.property(fc.array(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.double({ noNaN: true })), { minLength: 1 }), fc.nat(), (numbers, any) => {
      const place = any % numbers.length
      const expected = Float64Array.from(numbers).sort()[place]
      expect(selectPlace(Float64Array.from(numbers), 0, numbers.length - 1, place) + 0).toBe((expected ?? NaN) + 0)
    }))
  })

  it('find a needle in entries, never across two', () => {
    const entries = fc.array(fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 4 }), { minLength: 1, maxLength: 40 })
    fc.assert(fc.property(entries, fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 3 }), fc.array(fc.constantFrom(0, 1, 1), { minLength: 40, maxLength: 40 }), fc.nat(3), (texts, needle, wanted, start) => {
      const mask = Uint8Array.from(wanted.slice(start, texts.length))
      const expected = texts.slice(start).map((text, index) => (wanted[start + index] === 1 && text.includes(needle) ? 1 : 0))
      if (start < texts.length) narrowBySubstring(stringsFrom(texts), Buffer.from(needle), start, mask)
      expect([...mask]).toEqual(expected)
    }), { numRuns: 1000 })
  })

  it('find a phrase as whole words in a row', () => {
    const has = (phrase: string, text: string): boolean => hasPhrase(phrase.split(' ').map((word) => new Uint8Array(Buffer.from(word))), new Uint8Array(Buffer.from(text)), 0, Buffer.byteLength(text))
    for (const text of ['disk quota', 'the disk--quota!', 'disk disk quota', 'disk quotas; disk quota', 'quota disk quota']) expect({ text, has: has('disk quota', text) }).toEqual({ text, has: true })
    for (const text of ['disk quotas', 'adisk quota', 'disk a quota', 'diskquota', 'disk', 'quota disk', 'disk quot', '']) expect({ text, has: has('disk quota', text) }).toEqual({ text, has: false })
  })

  it('let V8 match what RE2 matches, and know texts that every match contains', () => {
    const part = fc.constantFrom('a', 'b', '.', '\\d', '\\s', '\\.', '[ab]', '[^a-c-]', '(?:a|b)', '(ab)?', '(a)', '^', '$', '|', 'a+', 'b*', 'é', '[b-]{2}', '\\b', 'x{1,3}', 'b+?', '-')
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '.', '5', ' ', '\n', 'é', '-', 'x', '\u2028', '\u00a0'), maxLength: 10 })
    fc.assert(fc.property(fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('')), fc.array(text, { minLength: 5, maxLength: 5 }), (source, texts) => {
      const { native, literals } = translateRegex(source)
      const re2 = RE2JS.compile(source)
      for (const candidate of texts) {
        const isMatch = re2.matcher(candidate).find()
        if (native !== undefined) expect({ source, candidate, isMatch: native.test(candidate) }).toEqual({ source, candidate, isMatch })
        if (isMatch) for (const literal of literals) expect({ source, candidate, has: candidate.includes(literal) }).toEqual({ source, candidate, has: true })
      }
    }), { numRuns: 3000 })
    expect(translateRegex('upstream [a-z-]+ returned (502|504)').literals).toEqual(['upstream ', ' returned '])
    for (const slow of ['(a+)+$', '(a|a)*b', 'a*a*b', 'a++', '(?i)x']) expect(translateRegex(slow).native).toBeUndefined()
  })

  it('know one text for every way to write a number', () => {
    for (const text of ['500', '500.0', '5e2', '+0500', '50.0e1']) expect(canonicalDecimal(text)).toBe(canonicalDecimal('500'))
    for (const text of ['-500', '500.1', '5', '5000']) expect(canonicalDecimal(text)).not.toBe(canonicalDecimal('500'))
    for (const text of ['', '5.', '.5', '0x5', 'NaN', ' 5']) expect(canonicalDecimal(text)).toBeUndefined()
    expect(canonicalDecimal('9007199254740993')).not.toBe(canonicalDecimal('9007199254740992'))
  })
})
