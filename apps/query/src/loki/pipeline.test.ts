import fc from 'fast-check'
import type { RenderedEvent } from '@millrace/query-engine/query-engine'
import type { LogExpr } from '@millrace/query-language/logql/ast'
import { parseLogql } from '@millrace/query-language/logql/parse-logql'
import { Entry } from './entry.ts'
import { labelOf, sourceOf } from './labels.ts'
import { patternOf } from './pattern-route.ts'
import { createPipeline } from './pipeline.ts'

const event = (message: string, more: Partial<RenderedEvent> = {}): RenderedEvent => ({
  id: { generation: 'g', partition: 0, offset: 0, row: 0 }, timestampNs: 1n, message, status: 'info', service: 'web', host: undefined, source: undefined, traceId: undefined, spanId: undefined, tags: [], attributesJson: '{}', ...more,
})

/** What stages make of a line: its labels beside those that it had, and the line where it changed; undefined when they leave it out. */
function through(stages: string, line: string, more: Partial<RenderedEvent> = {}): unknown {
  const entry = new Entry(event(line, more))
  const passes = createPipeline((parseLogql(`{} ${stages}`) as LogExpr).stages)(entry)
  return passes ? { ...Object.fromEntries(entry.parsed), ...(entry.line === line ? {} : { line: entry.line }) } : undefined
}

describe('stages', () => {
  it.each<readonly [stages: string, line: string, made: unknown]>([
    ['| json', '{"a":1,"b":{"c":"x","d e":true},"list":[1],"no":null,"big":12345678901234567890,"level":"warn"}', { a: '1', b_c: 'x', b_d_e: 'true', big: '12345678901234567890', level_extracted: 'warn' }],
    ['| json x="b.c", y="list[1]", z="b[\\"d e\\"]", none="q"', '{"b":{"c":{"e":1},"d e":2},"list":[1,"two"]}', { x: '{"e":1}', y: 'two', z: '2' }],
    ['| json', 'no json', { __error__: 'JSONParserErr', __error_details__: 'the line is no JSON object' }],
    ['| json | __error__=""', '{"a":', undefined],
    ['| json', '{"__proto__":{"x":1},"constructor":"c"}', { __proto___x: '1', constructor: 'c' }],
    ['| logfmt', 'a=1 b="x y" c= d e.f="q\\"q" ts=2026', { a: '1', b: 'x y', e_f: 'q"q', ts: '2026' }],
    ['| logfmt --keep-empty', 'a= b', { a: '', b: '' }],
    ['| logfmt x="a", b', 'a=1 b=2 c=3', { x: '1', b: '2' }],
    ['| logfmt --strict', 'a=1 "junk', { a: '1', __error__: 'LogfmtParserErr', __error_details__: 'the line is no logfmt' }],
    ['| regexp "(?P<m>[A-Z]+) (?P<p>/\\\\S*)"', 'x GET /a b', { m: 'GET', p: '/a' }],
    ['| pattern `<ip> - <_> [<t>] "<m> <p> <_>" <s>`', '1.2.3.4 - me [now] "GET /x HTTP/1.1" 200', { ip: '1.2.3.4', t: 'now', m: 'GET', p: '/x', s: '200' }],
    ['| pattern `<a>: <b>`', 'nothing of it', { a: 'nothing of it' }],
    ['| unpack', '{"_entry":"the line","app":"x","n":1}', { app: 'x', line: 'the line' }],
    ['| json | took > 1s', '{"took":"1500ms"}', { took: '1500ms' }],
    ['| json | took > 1s', '{"took":"soon"}', undefined],
    ['| json | size <= 1KB', '{"size":"0.5KB"}', { size: '0.5KB' }],
    ['| json | a >= 5 and b!="x" or c=~"y.*"', '{"a":4,"c":"yes"}', { a: '4', c: 'yes' }],
    ['| line_format "{{.level}}: {{ __line__ | ToUpper | trunc 3 }}"', 'hello', { line: 'info: HEL' }],
    ['| json | line_format `{{ if eq .a "1" }}one{{ else if .b }}b{{ else }}none{{ end }}`', '{"a":"2","b":"x"}', { a: '2', b: 'x', line: 'b' }],
    ['| line_format `{{ .none | default "-" }} {{ replace "l" "L" "hello" }} {{ substr 1 3 "hello" }} {{ trimSuffix "o" "hello" }}`', 'x', { line: '- heLLo el hell' }],
    ['| label_format svc=service_name, l="{{.level}}!"', 'x', { svc: 'web', l: 'info!' }],
    ['| json | drop a, b="2"', '{"a":"1","b":"2","c":"3"}', { c: '3' }],
    ['| json | keep a', '{"a":"1","b":"2"}', { a: '1' }],
    ['| decolorize', '\u001b[31mred\u001b[0m', { line: 'red' }],
    ['| json | line_format "{{.a}}" |= "x"', '{"a":"y"}', undefined],
  ])('%s of %s', (stages, line, made) => {
    expect(through(stages, line)).toEqual(made)
  })

  it.each([['| regexp "("'], ['| regexp "no names"'], ['| pattern "<_>"'], ['| pattern "<a><b>"'], ['| json x="a..b"'], [`| regexp "(?P<a>${'x'.repeat(1000)})"`], ['| json | line_format "x" |~ "["']])('refuse %s', (stages) => {
    expect(() => through(stages, 'x')).toThrow(expect.objectContaining({ name: expect.stringMatching(/^Bad/) as string }) as Error)
  })

  it('bound what templates and parsers make', () => {
    const made = through(`| line_format \`{{ repeat "1000000000" (repeat "1000000000" "xxxxxxxxxx") }}\``, 'x') as { line: string }
    expect(made.line.length).toBe(1024 * 1024 - ((1024 * 1024) % 10))
    const wide = `{${Array.from({ length: 2000 }, (_, i) => `"k${i}":${i}`).join(',')}}`
    expect(Object.keys(through('| json', wide) as object)).toHaveLength(500)
    const deep = `${'{"a":'.repeat(3000)}1${'}'.repeat(3000)}`
    expect(through('| json', deep)).toEqual({})
    expect(through('| logfmt', '='.repeat(100_000))).toEqual({})
    expect(through('| logfmt', `a="${'\\"'.repeat(100_000)}`)).toBeDefined()
  })

  it('take any line, whatever it is', () => {
    const stages = ['| json', '| logfmt', '| logfmt --strict --keep-empty', '| unpack', '| pattern `<a>=<b> <_>`', '| regexp "(?P<a>\\\\w+)=(?P<b>[^ ]*)"', '| decolorize', '| line_format "{{.a}} {{ __line__ | urldecode | b64dec }}"'].map((text) => createPipeline((parseLogql(`{} ${text}`) as LogExpr).stages))
    const line = fc.oneof(fc.string({ unit: 'binary', maxLength: 100 }), fc.json(), fc.array(fc.constantFrom('a', '=', '"', '\\', ' ', '{', '}', ':', ',', '[', '\n', '%', '\u001b['), { maxLength: 40 }).map((parts) => parts.join('')))
    fc.assert(fc.property(line, (text) => {
      for (const stage of stages) stage(new Entry(event(text)))
      patternOf(text)
    }), { numRuns: 2000 })
  })

  it('finish with evil regular expressions and lines', () => {
    const evil = ['(a+)+$', '(a|a)*$', '(a|aa)+$', '(.*a){20}$', '(a*)*b', '([a-zA-Z]+)*$', '(x+x+)+y', '^(([a-z])+.)+[A-Z]([a-z])+$', '(?:a?){30}a{30}', '(\\w+\\s?)*$', '.*.*.*=.*', '(a|b|ab)*c', '((a{0,5}){0,5}){0,5}$']
    const lines = [`${'a'.repeat(20_000)}!`, 'ab'.repeat(10_000), 'x'.repeat(20_000), `${'word '.repeat(4_000)}!`]
    for (const source of evil) {
      for (const line of lines) {
        // What matters is that these come to an end at all: backtracking would not in a lifetime.
        for (const stages of [`| line_format "{{ __line__ }}" |~ \`${source}\``, `| regexp \`(?P<all>${source})\``, `| logfmt | __error__=~\`${source}\``]) expect([undefined, 'object']).toContain(typeof through(stages, line) === 'undefined' ? undefined : 'object')
      }
    }
  }, 60_000)
})

describe('labels of an event', () => {
  it('are its reserved attributes, attributes and tags, the first of several shown', () => {
    const entry = new Entry(event('x', { host: 'h', tags: ['env:prod', 'env:dev', 'canary', 'a:tag'], attributesJson: '{"a":"attribute","http":{"status_code":500},"k8s.pod":"p","list":["x","y"],"n":1.50,"empty":""}' }))
    expect(entry.labels()).toEqual({ host: 'h', level: 'info', service_name: 'web', detected_level: 'info', a: 'attribute', http_status_code: '500', U__k8s_5c__2e_pod: 'p', list: '["x","y"]', n: '1.50', env: 'prod', tags: 'canary' })
    expect([entry.hasLabel('env', (value) => value === 'dev'), entry.hasLabel('list', (value) => value === 'y'), entry.hasLabel('a', (value) => value === 'tag'), entry.label('service')]).toEqual([true, true, true, 'web'])
  })

  it('lead back to the names that they stand for', () => {
    const name = fc.oneof(fc.stringMatching(/^[a-z_]{1,4}([._][a-z0-9]{1,3}){0,3}$/), fc.string({ minLength: 1, maxLength: 6 }).map((text) => text.replace(/[.\\]/g, '\\$&')))
    fc.assert(fc.property(name, (path) => {
      const label = labelOf(path)
      expect(label).toMatch(/^[A-Za-z_]\w*$/)
      expect(sourceOf(label).facets).toContainEqual({ kind: 'attribute', name: path })
    }), { numRuns: 2000 })
  })
})
