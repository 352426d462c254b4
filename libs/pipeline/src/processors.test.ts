import fc from 'fast-check'
import { BadPipelineError, parsePipelineDocument } from './pipeline-document.ts'
import { compilePipelines } from './compile-pipelines.ts'
import { DAY_NS, process, TIME_OFFSET, type PlainEvent } from './pipeline-harness.ts'
import { statusOf } from './processors/status.ts'
import { sampleShare } from './processors/keep.ts'

const one = async (processors: readonly object[], event: PlainEvent, options = {}): Promise<PlainEvent | undefined> => (await process(processors, [event], options)).events[0]

describe('a processor', () => {
  describe('parse-json', () => {
    it('makes attributes of nested members, arrays and numbers of any length', async () => {
      const message = '{"a":{"b":1.50,"c.d":"x"},"list":[1,2],"big":9007199254740993,"e":{},"n":null,"t":true,"huge":1e999,"near":1.0000000000000000001}'
      expect(await one([{ type: 'parse-json' }], { message })).toEqual({
        message, '@a.b': 1.5, '@a.c\\.d': 'x', '@list': { json: '[1,2]' }, '@big': { numeral: '9007199254740993' }, '@e': { json: '{}' }, '@n': null, '@t': true, '@huge': { numeral: '1e999' }, '@near': { numeral: '1.0000000000000000001' },
      })
    })

    it('keeps what is there unless told otherwise, and puts it below a name', async () => {
      expect(await one([{ type: 'parse-json' }], { message: '{"a":1}', '@a': 'mine' })).toMatchObject({ '@a': 'mine' })
      expect(await one([{ type: 'parse-json', overwrite: true }], { message: '{"a":1}', '@a': 'mine' })).toMatchObject({ '@a': 1 })
      expect(await one([{ type: 'parse-json', from: '@raw', to: '@parsed' }], { '@raw': '{"a":1}' })).toEqual({ '@raw': '{"a":1}', '@parsed.a': 1 })
    })

    it('leaves alone what is no object, and one with too many members', async () => {
      const events = ['{"a":', '[1]', 'text', '{}x', `{${Array.from({ length: 300 }, (_, i) => `"k${i}":1`).join()}}`].map((message) => ({ message }))
      const { events: after, outcomes } = await process([{ type: 'parse-json' }], events)
      expect(after).toEqual(events)
      expect(outcomes).toEqual(['failed', 'same', 'same', 'failed', 'failed'])
    })

    it('leaves alone what is nested too deep to be written again, and its neighbours as they would be', async () => {
      const message = `${'{"a":'.repeat(8_000)}1${'}'.repeat(8_000)}`
      const { events, outcomes } = await process([{ type: 'parse-json' }], [{ message }, { message: '{"b":1}' }, { message: message.replace('1', '12345678901234567890') }])
      expect(outcomes).toEqual(['failed', 'changed', 'failed'])
      expect(events[1]).toEqual({ 'message': '{"b":1}', '@b': 1 })
    })

    it('takes names of an object\'s own machinery for names', async () => {
      expect(await one([{ type: 'parse-json' }], { message: '{"__proto__":{"x":1},"constructor":2}' })).toMatchObject({ '@__proto__.x': 1, '@constructor': 2 })
      expect(({} as { x?: number }).x).toBeUndefined()
    })

    it('adds a bounded number of names to a batch', async () => {
      const { events } = await process([{ type: 'parse-json' }], Array.from({ length: 20 }, (_, event) => ({ message: JSON.stringify(Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`k${event}_${i}`, i]))) })))
      expect(new Set(events.flatMap((event) => Object.keys(event ?? {}))).size).toBe(1_001)
    })

    it('reads any object as JSON.parse does', async () => {
      await fc.assert(fc.asyncProperty(fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.oneof(fc.string(), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(), fc.constant(null))), async (object) => {
        const after = await one([{ type: 'parse-json', from: '@raw' }], { '@raw': JSON.stringify(object) })
        const wanted = Object.fromEntries(Object.entries(object).filter(([key]) => key !== 'raw').map(([key, value]) => [`@${key}`, typeof value === 'string' ? value.toWellFormed() : Object.is(value, -0) ? 0 : value]))
        expect({ ...after, '@raw': 0 }).toEqual({ ...wanted, '@raw': 0 })
      }), { numRuns: 200 })
    })
  })

  it.each([
    ['level=info msg="it \\"works\\"" took=12 ratio=0.5 id=00012 empty= flag', { '@level': 'info', '@msg': 'it "works"', '@took': 12, '@ratio': 0.5, '@id': '00012', '@empty': '' }],
    ['at 12:00 user=ada x=12345678901234567890', { '@user': 'ada', '@x': { numeral: '12345678901234567890' } }],
  ])('parse-logfmt reads %s', async (message, wanted) => {
    expect(await one([{ type: 'parse-logfmt' }], { message })).toEqual({ message, ...wanted })
  })

  it('parse-key-value reads pairs between signs of one\'s own', async () => {
    const message = 'user: ada; note: "a; b"; n: 3'
    expect(await one([{ type: 'parse-key-value', separator: ':', delimiter: ';' }], { message })).toEqual({ message, '@user': 'ada', '@note': 'a; b', '@n': 3 })
    expect(await one([{ type: 'parse-key-value', separator: '=', delimiter: '|' }], { message: 'a=1|b="x|y"|c=' })).toMatchObject({ '@a': 1, '@b': 'x|y', '@c': '' })
  })

  it('parse-key-value looks at a bounded number of pairs, also of those without a name', async () => {
    const { outcomes } = await process([{ type: 'parse-key-value', separator: '\\', delimiter: ' ' }], [{ message: `${String.raw`\" `.repeat(300)}a\\1` }])
    expect(outcomes).toEqual(['failed'])
  })

  describe('grok', () => {
    it('takes the first pattern that matches, with types and names of one\'s own', async () => {
      const grok = { type: 'grok', patterns: ['^%{TICKET:ticket.id} took %{NUMBER:took:float} ms', '^%{WORD:verb} (?<rest>.*)$'], definitions: { TICKET: '[A-Z]+-%{POSINT:ticket.number:int}' } }
      const { events, outcomes } = await process([grok], [{ message: 'OPS-17 took 2.5 ms' }, { message: 'restart now please' }, { message: '' }])
      expect(events).toEqual([
        { 'message': 'OPS-17 took 2.5 ms', '@ticket.id': 'OPS-17', '@ticket.number': 17, '@took': 2.5 },
        { 'message': 'restart now please', '@verb': 'restart', '@rest': 'now please' }, { message: '' },
      ])
      expect(outcomes).toEqual(['changed', 'changed', 'failed'])
    })

    it.each([
      ['%{NOPE:x}', /there is no pattern NOPE/], ['(', /missing/], ['(?=a)', /./], ['%{WORD:a:date}', /the type date/], ['(a{1,900}){1,900}', /./], ['\\pL{1,900}\\pN{1,900}\\pL{1,300}', /states/],
    ])('refuses %s', (pattern, message) => {
      expect(() => compilePipelines(parsePipelineDocument({ pipelines: [{ name: 'p', processors: [{ type: 'grok', patterns: [pattern] }] }] }))).toThrow(message)
    })

    it('refuses patterns that name each other', () => {
      expect(() => compilePipelines(parsePipelineDocument({ pipelines: [{ name: 'p', processors: [{ type: 'grok', patterns: ['%{A}'], definitions: { A: '%{B}', B: '%{A}' } }] }] }))).toThrow(/name each other/)
      const billion = Object.fromEntries(Array.from({ length: 15 }, (_, i) => [`L${i}`, `%{L${i + 1}}%{L${i + 1}}%{L${i + 1}}`]))
      expect(() => compilePipelines(parsePipelineDocument({ pipelines: [{ name: 'p', processors: [{ type: 'grok', patterns: ['%{L0}'], definitions: { ...billion, L15: 'x' } }] }] }))).toThrow(/too long/)
    })
  })

  it('remap takes the first attribute that has a value', async () => {
    const remap = { type: 'remap', from: ['@a', '@b'], to: '@c' }
    expect(await one([remap], { '@a': null, '@b': 2 })).toEqual({ '@b': 2, '@c': null })
    expect(await one([{ ...remap, to: 'service' }], { '@a': null, '@b': 2 })).toEqual({ '@a': null, 'service': '2' })
    expect(await one([{ ...remap, keep: true }], { '@b': 2 })).toEqual({ '@b': 2, '@c': 2 })
    expect(await one([remap], { '@b': 2, '@c': 1 })).toEqual({ '@b': 2, '@c': 1 })
    expect(await one([{ ...remap, overwrite: true }], { '@b': 2, '@c': 1 })).toEqual({ '@c': 2 })
  })

  it('set and remove', async () => {
    expect(await one([{ type: 'set', to: '@team', value: 'core' }, { type: 'remove', names: ['@x', '@y'] }], { '@x': 1, 'message': 'm' })).toEqual({ '@team': 'core', 'message': 'm' })
  })

  it.each([
    ['iso8601', '+00:00', '2024-10-04T12:30:00Z', 45_000], ['iso8601', '+02:00', '2024-10-04 14:30:00', 45_000], ['iso8601', '+02:00', '2024-10-04T14:30:00+02:00', 45_000],
    ['epoch', '+00:00', '1728045000', 45_000], ['epoch', '+00:00', '1728045000123', 45_000.123], ['dd/MMM/yyyy:HH:mm:ss Z', '+00:00', '04/Oct/2024:14:30:00 +0200', 45_000],
    ["yyyy.MM.dd 'at' hh:mm:ss.SSS a", '+00:00', '2024.10.04 at 12:30:00.250 PM', 45_000.25], ['yyyy-MM-dd', '+00:00', '2024-10-05', 86_400],
  ])('date reads %s (%s)', async (format, offset, text, seconds) => {
    expect(DAY_NS).toBe(BigInt(Date.UTC(2024, 9, 4)) * 1_000_000n)
    const { times, outcomes } = await process([{ type: 'date', from: ['@when'], formats: [format], offset }], [{ '@when': text }])
    expect(outcomes).toEqual(['changed'])
    expect(times[0]).toBeCloseTo(seconds * 1e9, -3)
  })

  it('date leaves the time where it can\'t be read or the door would refuse it', async () => {
    const { times, outcomes } = await process([{ type: 'date', from: ['@when'], formats: ['iso8601', 'dd/MM/yyyy'] }], ['soon', '31/02/2024', '2999-01-01', '1969-01-01'].map((when) => ({ '@when': when })))
    expect(outcomes).toEqual(['failed', 'failed', 'failed', 'failed'])
    expect(times).toEqual([TIME_OFFSET, TIME_OFFSET, TIME_OFFSET, TIME_OFFSET])
  })

  it.each([['date', { type: 'date', from: ['@a'], formats: ['QQ'] }, /no part of a date/], ['date', { type: 'date', from: ['@a'], formats: ['HH:mm'] }, /needs yyyy/], ['redact', { type: 'redact' }, /name secrets/], ['redact', { type: 'redact', patterns: ['a*'] }, /matches nothing/],
    ['lookup', { type: 'lookup', from: '@a', to: '@b', table: 'none' }, /there is no table/], ['if', { type: 'drop', if: 'a:(' }, /processors\[0\]\.if/]])('refuses a %s that cannot work', (_, processor, message) => {
    expect(() => compilePipelines(parsePipelineDocument({ pipelines: [{ name: 'p', processors: [processor] }] }))).toThrow(message)
  })

  it.each([['ERROR', 'error'], ['warn', 'warn'], ['Fatal', 'emergency'], ['3', 'error'], ['30', 'info'], ['50', 'error'], ['OK', 'ok'], ['trace', 'debug'], ['emerg', 'emergency'], ['9', undefined], ['', undefined], ['xyz', undefined]])('status reads %s as %s', (level, status) => {
    expect(statusOf(level)).toBe(status)
  })

  it('status takes the level of an attribute', async () => {
    expect(await one([{ type: 'status', from: ['@level'], keep: false }], { '@level': 50 })).toEqual({ status: 'error' })
  })

  it('lookup puts what a table has', async () => {
    const { events } = await process([{ type: 'lookup', from: '@code', to: '@team', table: 'teams', otherwise: 'nobody' }], [{ '@code': 7 }, { '@code': 'x' }, { message: 'm' }], { tables: { teams: { 7: 'core' } } })
    expect(events).toEqual([{ '@code': 7, '@team': 'core' }, { '@code': 'x', '@team': 'nobody' }, { message: 'm' }])
  })

  it('user-agent tells browser and system', async () => {
    const text = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36'
    expect(await one([{ type: 'user-agent', from: '@ua' }], { '@ua': text })).toMatchObject({ '@user_agent.browser.name': 'Chrome', '@user_agent.os.name': 'Windows', '@user_agent.device.type': 'desktop' })
  })

  describe('redact', () => {
    const card = '4111 1111 1111 1111'
    it.each([
      ['email', 'mail ada@example.org now', 'mail [REDACTED] now'], ['credit-card', `paid by ${card}.`, 'paid by [REDACTED].'], ['credit-card', 'order 4111 1111 1111 1112', 'order 4111 1111 1111 1112'],
      ['credit-card', `${card} 12/27 123, 20 ${card} 5, 2222 ${card}; card_${card}_x`, '[REDACTED] 12/27 123, 20 [REDACTED] 5, 2222 [REDACTED]; card_[REDACTED]_x'],
      ['credit-card', `${card}${card}`.replaceAll(' ', ''), `${card}${card}`.replaceAll(' ', '')],
      ['url-password', 'redis://:secret@h/0 and ftp://u:p@ss@h', 'redis[REDACTED]h/0 and ftp[REDACTED]h'], ['jwt', 'token_eyJhbGciOiJI.eyJzdWIi.c2ln', 'token_[REDACTED]'],
      ['ipv4', 'from 10.1.2.3 on', 'from [REDACTED] on'], ['aws-access-key', 'key AKIAIOSFODNN7EXAMPLE', 'key [REDACTED]'], ['jwt', 'x eyJhbGciOiJI.eyJzdWIi.c2ln y', 'x [REDACTED] y'],
      ['bearer-token', 'Authorization: Bearer abc.def==', 'Authorization: [REDACTED]'], ['url-password', 'at postgres://u:secret@db/x', 'at postgres[REDACTED]db/x'],
      ['private-key', '-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY----- tail', '[REDACTED] tail'], ['private-key', '-----BEGIN PRIVATE KEY-----\ncut', '[REDACTED]'],
    ])('takes out %s', async (secret, message, wanted) => {
      expect(await one([{ type: 'redact', secrets: [secret] }], { message })).toEqual({ message: wanted })
    })

    it('looks at values of every type, everywhere', async () => {
      const event: PlainEvent = { 'message': `m ${card}`, '@n': 4111111111111111, '@list': { json: `["${card}",1]` }, '@id': { numeral: '4111111111111111111111' }, 'tags': `card:${card}`, 'host': card, '@t': true }
      expect(await one([{ type: 'redact', secrets: ['credit-card'], patterns: ['^4111111111111111111111$'], replacement: 'X' }], event)).toEqual({ 'message': 'm X', '@n': 'X', '@list': { json: '["X",1]' }, '@id': 'X', 'tags': 'card:X', 'host': 'X', '@t': true })
    })

    it('never lets anything pass that matches, in any text', async () => {
      await fc.assert(fc.asyncProperty(fc.array(fc.oneof(fc.constant('secret-7'), fc.string(), fc.constant(' ')), { maxLength: 30 }), fc.constantFrom('message', '@a.b'), async (parts, name) => {
        const after = await one([{ type: 'redact', patterns: ['secret-[0-9]+'], replacement: '*' }], { [name]: parts.join('') })
        expect(after?.[name]).toBe(parts.join('').toWellFormed().replace(/secret-[0-9]+/g, '*'))
      }), { numRuns: 300 })
    })

    it('sees through the escapes of JSON, in arrays and in texts, also of JSON in JSON', async () => {
      const redact = { type: 'redact', secrets: ['email', 'credit-card', 'url-password'], patterns: ['"top"'], replacement: 'X' }
      const once = String.raw`["ada\u0040example.org","\n${card}","db:\/\/u:p@h","\u0034111111111111111","a\"top\"b","C:\\u0040"]`
      const wanted = String.raw`["X","\nX","dbXh","X","aXb","C:\\u0040"]`
      expect(await one([redact], { '@list': { json: once }, 'message': `{"list":${once}}` })).toEqual({ '@list': { json: wanted }, 'message': `{"list":${wanted}}` })
      expect(await one([redact], { message: JSON.stringify({ a: JSON.stringify({ b: once }) }) })).toEqual({ message: JSON.stringify({ a: JSON.stringify({ b: wanted }) }) })
    })

    it('takes out whole what it has no time to look at', async () => {
      const slow = String.raw`\pL{1,180}\d`
      const { events } = await process([{ type: 'redact', patterns: [slow] }], Array.from({ length: 40 }, (_, i) => ({ message: `${i} ${'abcdefgh'.repeat(1_000)}` })))
      expect(events.at(-1)?.message).toMatch(/^(?:\[REDACTED\])+$/)
    })
  })

  describe('sample', () => {
    it('keeps the share, the same each time', async () => {
      const events = Array.from({ length: 4_000 }, (_, i) => ({ '@user': `u${i % 500}` }))
      const kept = async (rate: number, by?: string): Promise<readonly boolean[]> => (await process([{ type: 'sample', rate, by }], events)).events.map((event) => event !== undefined)
      const quarter = await kept(0.25)
      expect(quarter.filter(Boolean).length).toBeGreaterThan(850)
      expect(quarter.filter(Boolean).length).toBeLessThan(1150)
      expect(await kept(0.25)).toEqual(quarter)
      expect((await kept(0)).includes(true)).toBe(false)
      expect((await kept(1)).includes(false)).toBe(false)
      const byUser = await kept(0.5, '@user')
      expect(byUser).toEqual(events.map((event) => sampleShare(event['@user']) < 0.5))
    })

    it('keeps what has no value to sample by', async () => {
      expect(await one([{ type: 'sample', rate: 0, by: '@user' }], { message: 'm' })).toEqual({ message: 'm' })
    })
  })

  it('sees what the ones before have made, and only events that its filter finds', async () => {
    const { events } = await process([{ type: 'parse-json' }, { type: 'drop', if: '@level:debug' }, { type: 'set', to: '@seen', value: true }], [{ service: 'a', message: '{"level":"debug"}' }, { service: 'a', message: '{"level":"info"}' }, { service: 'b', message: '{"level":"debug"}' }], { filter: 'service:a' })
    expect(events).toEqual([undefined, { 'service': 'a', 'message': '{"level":"info"}', '@level': 'info', '@seen': true }, { service: 'b', message: '{"level":"debug"}' }])
  })

  it.each([[{ pipelines: [{ processors: [] }] }, /pipelines\[0\]\.name/], [{ pipelines: [{ name: 'p', processors: [{ type: 'zap' }] }] }, /pipelines\[0\]\.processors\[0\]\.type/], [{ pipelines: [{ name: 'p', processors: [{ type: 'remap', from: ['@a'], to: '_row' }] }] }, /processors\[0\]\.to: must be @/],
    [{ pipelines: [{ name: 'p', processors: [{ type: 'drop', extra: 1 }] }] }, /processors\[0\]/], [[], /the document/]])('a document that says %j is refused with the place', (document, message) => {
    expect(() => parsePipelineDocument(document)).toThrow(BadPipelineError)
    expect(() => parsePipelineDocument(document)).toThrow(message)
  })
})
