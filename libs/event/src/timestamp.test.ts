import fc from 'fast-check'
import { formatTimestamp, parseTimestamp, timestampFromEpoch } from './timestamp.ts'

const years0To9999 = fc.bigInt({ min: -62_167_219_200_000_000_000n, max: 253_402_300_799_999_999_999n })

describe('a timestamp', () => {
  it('is read back as it was written', () => {
    fc.assert(fc.property(years0To9999, (ns) => {
      expect(parseTimestamp(formatTimestamp(ns))).toBe(ns)
    }))
  })

  it('agrees with Date to the millisecond, also with an offset', () => {
    fc.assert(fc.property(fc.date({ min: new Date('0001-01-02T00:00:00Z'), max: new Date('9998-12-30T00:00:00Z'), noInvalidDate: true }), fc.integer({ min: -1439, max: 1439 }), (date, minutes) => {
      const local = new Date(date.getTime() + minutes * 60_000).toISOString().slice(0, -1)
      const zone = `${minutes < 0 ? '-' : '+'}${String(Math.floor(Math.abs(minutes) / 60)).padStart(2, '0')}:${String(Math.abs(minutes) % 60).padStart(2, '0')}`
      expect(parseTimestamp(`${local}${zone}`)).toBe(BigInt(date.getTime()) * 1_000_000n)
    }))
  })

  it.each([
    ['2026-11-22', 1_795_305_600_000_000_000n],
    ['2026-11-22T10:00', 1_795_341_600_000_000_000n],
    ['2026-11-22 10:00:00', 1_795_341_600_000_000_000n],
    ['2026-11-22 10:00:00,123', 1_795_341_600_123_000_000n],
    ['2026-11-22T10:00:00.123456789Z', 1_795_341_600_123_456_789n],
    ['2026-11-22t10:00:00.5z', 1_795_341_600_500_000_000n],
    ['2026-11-22T10:00:00+0130', 1_795_336_200_000_000_000n],
    ['2026-11-22T10:00:00 -02', 1_795_348_800_000_000_000n],
    ['2026-06-30T23:59:60Z', 1_782_864_000_000_000_000n],
  ])('reads %s', (text, ns) => {
    expect(parseTimestamp(text)).toBe(ns)
  })

  it.each(['', 'now', '2026', '2026-13-01', '2026-02-29', '2026-11-22T24:00:00Z', '2026-11-22T10:60Z', '2026-11-22T10:00:00.Z', '2026-11-22T10:00:00.1234567890Z', '2026-11-22T10:00:00+24:00', '2026-11-22Z', ' 2026-11-22', '2026-11-22\n'])('does not guess at %j', (text) => {
    expect(parseTimestamp(text)).toBeUndefined()
  })

  it('has three decimals or as many as it needs', () => {
    expect([0n, 1_500_000_000n, 123_456_000n, 1n, -1n].map(formatTimestamp)).toEqual([
      '1970-01-01T00:00:00.000Z', '1970-01-01T00:00:01.500Z', '1970-01-01T00:00:00.123456Z', '1970-01-01T00:00:00.000000001Z', '1969-12-31T23:59:59.999999999Z',
    ])
  })
})

describe('an epoch count', () => {
  it('means the same moment in every unit', () => {
    fc.assert(fc.property(fc.integer({ min: 1_000_000_000, max: 9_000_000_000 }), (seconds) => {
      const ns = BigInt(seconds) * 1_000_000_000n
      for (const unit of ['', '000', '000000', '000000000']) expect(timestampFromEpoch(`${seconds}${unit}`)).toBe(ns)
      expect(timestampFromEpoch(seconds)).toBe(ns)
      expect(timestampFromEpoch(seconds * 1000)).toBe(ns)
    }))
  })

  it('keeps every decimal down to the nanosecond', () => {
    expect(timestampFromEpoch('1790000000.123456789')).toBe(1_790_000_000_123_456_789n)
    expect(timestampFromEpoch(1_790_000_000.25)).toBe(1_790_000_000_250_000_000n)
    expect(timestampFromEpoch('1790000000123.4567899')).toBe(1_790_000_000_123_456_789n)
    expect(timestampFromEpoch('-1.5')).toBe(-1_500_000_000n)
  })

  it.each(['', '1e9', '0x10', '12345678901234567890', ' 1', '1.', 'NaN', NaN, Infinity, 1e21])('does not guess at %p', (value) => {
    expect(timestampFromEpoch(value)).toBeUndefined()
  })
})
