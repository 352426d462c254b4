import fc from 'fast-check'
import { someLogql } from './arbitrary-logql.ts'
import { LogqlSyntaxError } from './logql-syntax-error.ts'
import { parseLogql, parseStreamSelector } from './parse-logql.ts'
import { printLogql } from './print-logql.ts'
import { parseBytes, parseDurationNs } from './quantities.ts'

describe('LogQL', () => {
  it('reads what it prints as the same query, whatever the query', () => {
    fc.assert(fc.property(someLogql, (expr) => {
      const text = printLogql(expr)
      expect({ text, expr: parseLogql(text) }).toEqual({ text, expr })
      expect(printLogql(parseLogql(text))).toBe(text)
    }), { numRuns: 1000 })
  })

  it('refuses any other text with a place in it, and does nothing worse', () => {
    const piece = fc.constantFrom('{', '}', 'app', '=', '=~', '!=', '"a"', '`b`', '|=', '|', 'json', 'logfmt', 'unwrap', 'rate', 'sum', 'by', '(', ')', '[5m]', ',', '1', '5m', '10KB', 'or', 'and', '+', '-', 'offset', '"', '#', '\\', '\n', '[', 'topk', '>', 'label_format', '{{')
    fc.assert(fc.property(fc.oneof(fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join(' ')), fc.string({ unit: 'binary', maxLength: 60 })), (text) => {
      try {
        const expr = parseLogql(text)
        expect(parseLogql(printLogql(expr))).toEqual(expr)
      } catch (error) {
        if (!(error instanceof LogqlSyntaxError)) throw error
        expect(error.message).toMatch(/^parse error at line \d+, col \d+: ./)
      }
    }), { numRuns: 3000 })
  })

  it.each([
    ['{app="a",}', '{app="a"}'],
    ['{app=`a\\d`} |= `x` or "y" != "z"', '{app="a\\\\d"} |= "x" or "y" != "z"'],
    ['{a="b"} | json | status >= 500 and took > 1.5s or size<10KB', '{a="b"} | json | ((status >= 500 and took > 1500000000ns) or size < 10000B)'],
    ['{a="b"} | json x="y.z", w | x="1", w!="2"', '{a="b"} | json x="y.z", w="w" | (x="1" and w!="2")'],
    ['sum(rate({a="b"}[1m])) by (x) / sum(rate({a="b"}[1m]))', '(sum by (x)(rate({a="b"} [1m])) / sum(rate({a="b"} [1m])))'],
    ['rate({a="b"}[5m] |= "x")', 'rate({a="b"} |= "x" [5m])'],
    ['SUM BY (x) (COUNT_OVER_TIME({a="b"}[1h30m] OFFSET 1d))', 'sum by (x)(count_over_time({a="b"} [90m] offset 1d))'],
    ['1 + 2 * 3 ^ 2 ^ 2 - 4', '((1 + (2 * (3 ^ (2 ^ 2)))) - 4)'],
    ['quantile_over_time(0.99, {a="b"} | logfmt | unwrap duration(took) | __error__="" [5m]) by (x)', 'quantile_over_time(0.99, {a="b"} | logfmt | unwrap duration(took) | __error__="" [5m]) by (x)'],
    ['{a="b"} # all of it\n| json', '{a="b"} | json'],
    ['vector(1)+vector(1)', '(vector(1) + vector(1))'],
    ['rate({a="b"} | drop x [5m] != "y")', 'rate({a="b"} | drop x |= "" != "y" [5m])'],
    ['{a="b"} | json != "y" | json="z"', '{a="b"} | json != "y" | json="z"'],
    ['{a="b"} | drop x != "y"', '{a="b"} | drop x!="y"'],
    ['{a="b"} | drop __error__, x="1" | keep a', '{a="b"} | drop __error__, x="1" | keep a'],
  ])('reads %s', (text, printed) => {
    expect(printLogql(parseLogql(text))).toBe(printed)
  })

  it.each([
    ['', 'parse error at line 1, col 1: '],
    ['{app="a"', 'parse error at line 1, col 9: syntax error: unexpected end of the query, expecting "}"'],
    ['{app="a"}\n| json |', 'parse error at line 2, col 9: '],
    ['{app=a}', 'parse error at line 1, col 6: syntax error: unexpected "a", expecting a value in quotes'],
    ['{app="a}', 'parse error at line 1, col 6: the string is never closed'],
    ['rate({a="b"})', 'parse error at line 1, col 13: syntax error: unexpected ")", expecting a stage or a range such as [5m]'],
    ['rate({a="b"}[$__auto])', 'parse error at line 1, col 13: "$__auto" is a variable of Grafana, which it did not fill in'],
    ['{a="b"} + 1', 'parse error at line 1, col 9: unexpected type for a leg of the binary operation (+)'],
    ['sum({a="b"})', 'parse error at line 1, col 5: sum() takes a metric'],
    ['topk(0, rate({a="b"}[1m]))', 'parse error at line 1, col 6: invalid parameter'],
    ['avg_over_time({a="b"}[1m])', 'parse error at line 1, col 1: invalid aggregation avg_over_time without unwrap'],
    ['{a="b"} |> "x <_>"', 'parse error at line 1, col 9: filters by pattern'],
    ['approx_topk(1, rate({a="b"}[1m]))', 'parse error at line 1, col 1: approx_topk is not supported'],
    ['{a="b"} | line_format "{{.x"', 'parse error at line 1, col 23: invalid template: {{ is never closed'],
    ['nonsense(1)', 'parse error at line 1, col 1: there is no function "nonsense"'],
  ])('refuses %s', (text, message) => {
    expect(() => parseLogql(text)).toThrow(LogqlSyntaxError)
    expect(() => parseLogql(text)).toThrow(message)
  })

  it('bounds depth, length and numbers of everything', () => {
    const rate = 'rate({a="b"}[1m])'
    for (const text of [
      '('.repeat(10_000), `${'sum('.repeat(10_000)}${rate}`, Array.from({ length: 10_000 }, () => '1').join('+'), `{${'a="b",'.repeat(10_000)}}`, `{}${'| json '.repeat(10_000)}`, `{} |= "a"${' or "a"'.repeat(10_000)}`,
      `{} | ${'('.repeat(10_000)}`, `{} | a="b"${' and a="b"'.repeat(10_000)}`, `{a="${'x'.repeat(200_000)}"}`, Array.from({ length: 30 }, () => rate).join('+'), `rate(${'('.repeat(10_000)}`, `{} | line_format "${'{{if .a}}'.repeat(10_000)}"`, '1^'.repeat(10_000), '-'.repeat(10_000), `{} | line_format \`{{ ${'('.repeat(10_000)} }}\``,
    ]) expect(() => parseLogql(text)).toThrow(LogqlSyntaxError)
  })

  it('reads a selector alone', () => {
    expect(parseStreamSelector('{a="b", c!~"d.*"}')).toEqual([{ name: 'a', op: '=', value: 'b' }, { name: 'c', op: '!~', value: 'd.*' }])
    expect(() => parseStreamSelector('{a="b"} |= "c"')).toThrow('only label matchers')
  })
})

describe('quantities', () => {
  it('are durations and sizes', () => {
    expect(['5m', '1h30m', '1.5s', '-2d', '100ns', '1w', '3µs'].map(parseDurationNs)).toEqual([300_000_000_000n, 5_400_000_000_000n, 1_500_000_000n, -172_800_000_000_000n, 100n, 604_800_000_000_000n, 3000n])
    expect(['5', 'm', '5mm', '5 m', '1e3s', ''].map(parseDurationNs)).toEqual([undefined, undefined, undefined, undefined, undefined, undefined])
    expect(['512', '1.5KB', '20MiB', '1 kb', 'x', '5q'].map(parseBytes)).toEqual([512, 1500, 20 * 2 ** 20, 1000, undefined, undefined])
  })
})
