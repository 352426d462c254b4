import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { WebSocket } from 'ws'
import { waitFor } from './test-client.ts'
import { openTestSystem, START_TIMEOUT_MS, type TestSystem } from './test-system.ts'

/** What Grafana's data source reads of an answer. */
interface Answer {
  readonly status: string
  readonly data: { readonly resultType: string; readonly result: readonly Result[]; readonly stats: { readonly summary: Readonly<Record<string, number>> }; readonly encodingFlags?: readonly string[] }
  readonly warnings?: readonly string[]
}

interface Result {
  readonly stream: Readonly<Record<string, string>>
  readonly metric: Readonly<Record<string, string>>
  readonly values: readonly (readonly [string | number, string, unknown?])[]
  readonly value: readonly [number, string]
}

/** Pushed for the tests: three streams over ten minutes, each with its own rhythm. */
const START_MS = Math.floor((Date.now() - 30 * 60_000) / 60_000) * 60_000
const MINUTE_MS = 60_000
const STREAMS = [
  { labels: { app: 'checkout', region: 'eu', level: 'info' }, everyMs: 2_000, line: (i: number): string => `level=info msg="paid" took=${i % 50}ms bytes=${i * 10} user=u${i % 3}` },
  { labels: { app: 'checkout', region: 'us', level: 'error' }, everyMs: 15_000, line: (i: number): string => `level=error msg="card refused ${i}" took=1.5s bytes=7` },
  { labels: { service_name: 'web', host: 'h1', source: 'nginx' }, everyMs: 5_000, line: (i: number): string => JSON.stringify({ method: i % 4 === 0 ? 'POST' : 'GET', status: 200 + (i % 2) * 300, request: { path: `/p/${i % 7}` } }) },
] as const
interface Line { readonly ms: number; readonly line: string; readonly labels: Readonly<Record<string, string>>; readonly i: number }
const LINES: readonly Line[] = STREAMS.flatMap(({ labels, everyMs, line }) => Array.from({ length: (10 * MINUTE_MS) / everyMs }, (_, i): Line => ({ ms: START_MS + i * everyMs + 7, line: line(i), labels, i })))
const nsOf = (ms: number): string => `${ms}000000`
const END_MS = START_MS + 10 * MINUTE_MS
const RANGE = { start: nsOf(START_MS), end: nsOf(END_MS) }

describe("Loki's read API, as Grafana's data source calls it", () => {
  let millrace: TestSystem
  beforeAll(async () => {
    millrace = await openTestSystem()
    const body = JSON.stringify({ streams: STREAMS.map(({ labels }) => ({ stream: labels, values: LINES.filter((line) => line.labels === labels).map(({ ms, line }) => [nsOf(ms), line]) })) })
    const answer = await millrace.post('/loki/api/v1/push', body, { 'content-type': 'application/json' })
    expect(answer.status).toBe(204)
    await millrace.searchable(answer)
  }, START_TIMEOUT_MS)
  afterAll(async () => {
    await millrace[Symbol.asyncDispose]()
  }, START_TIMEOUT_MS)

  /** As Grafana asks: Basic authentication, and an organisation that means nothing here. */
  const ask = async (path: string, parameters: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
    await fetch(`${millrace.url}/loki/api/v1/${path}?${new URLSearchParams(parameters).toString()}`, { headers: { 'authorization': `Basic ${Buffer.from(`grafana:${millrace.key}`).toString('base64')}`, 'x-scope-orgid': 'someone-else', ...headers } })
  const json = async <T = Answer>(path: string, parameters: Readonly<Record<string, string>>, headers?: Readonly<Record<string, string>>): Promise<T> => {
    const answer = await ask(path, parameters, headers)
    const text = await answer.text()
    if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}: ${text}`)
    return JSON.parse(text) as T
  }

  it('passes the health check of the data source', async () => {
    const { status, data } = await json('query', { direction: 'backward', query: 'vector(1)+vector(1)', time: '4000000000' })
    expect(status).toBe('success')
    expect(data).toMatchObject({ resultType: 'vector', result: [{ metric: {}, value: [4000000000, '2'] }] })
  })

  it('lists labels', async () => {
    expect(await json('labels', RANGE)).toEqual({ status: 'success', data: ['app', 'host', 'level', 'region', 'service_name', 'source'] })
    expect(await json('labels', { ...RANGE, query: '{region="us"}' })).toEqual({ status: 'success', data: ['app', 'level', 'region', 'service_name'] })
    expect(await json('labels', { start: nsOf(START_MS - MINUTE_MS), end: RANGE.start })).toEqual({ status: 'success', data: [] })
  })

  it('lists the values of a label, under a selector too', async () => {
    expect(await json('label/region/values', RANGE)).toEqual({ status: 'success', data: ['eu', 'us'] })
    expect(await json('label/service_name/values', RANGE)).toEqual({ status: 'success', data: ['checkout', 'web'] })
    expect(await json('label/region/values', { ...RANGE, query: '{level="error"}' })).toEqual({ status: 'success', data: ['us'] })
    expect(await json('label/none/values', RANGE)).toEqual({ status: 'success', data: [] })
  })

  it('lists series', async () => {
    const { data } = await json<{ readonly data: readonly object[] }>('series', { ...RANGE, 'match[]': '{app="checkout"}' })
    expect(data).toHaveLength(2)
    expect(data).toEqual(expect.arrayContaining([
      { app: 'checkout', level: 'error', region: 'us', service_name: 'checkout' },
      { app: 'checkout', level: 'info', region: 'eu', service_name: 'checkout' },
    ]))
  })

  it('answers lines newest first, up to the limit, with the labels that were pushed', async () => {
    const { data } = await json('query_range', { ...RANGE, query: '{app="checkout", region="us"} |= "refused"', direction: 'backward', limit: '10', step: '15000ms' }, { 'x-query-tags': 'Source=logsample' })
    const expected = LINES.filter(({ labels }) => 'region' in labels && labels['region'] === 'us').reverse().slice(0, 10)
    expect(data.resultType).toBe('streams')
    expect(data.result).toEqual([{ stream: { app: 'checkout', region: 'us', level: 'error', detected_level: 'error', service_name: 'checkout' }, values: expected.map(({ ms, line }) => [nsOf(ms), line]) }])
    expect(data.stats.summary).toMatchObject({ totalLinesProcessed: 10, execTime: expect.any(Number) as number, totalBytesProcessed: expect.any(Number) as number })
  })

  it('answers lines oldest first, and tells the kinds of labels apart where Grafana asks for it', async () => {
    const { data } = await json('query_range', { ...RANGE, query: '{service_name="web"} | json | status >= 500', direction: 'forward', limit: '3' }, { 'x-loki-response-encoding-flags': 'categorize-labels' })
    expect(data.encodingFlags).toEqual(['categorize-labels'])
    const expected = LINES.filter(({ labels, i }) => 'host' in labels && i % 2 === 1).slice(0, 3)
    expect(data.result).toEqual([{
      stream: { service_name: 'web', host: 'h1', source: 'nginx' },
      values: expected.map(({ ms, line, i }) => [nsOf(ms), line, { parsed: { method: 'GET', status: '500', request_path: `/p/${i % 7}` } }]),
    }])
  })

  it('counts the lines of the histogram above the logs by level, as often as the screen asks', async () => {
    const query = 'sum by (level, detected_level) (count_over_time({service_name=~"checkout|web"} | drop __error__[1m]))'
    const { data } = await json('query_range', { ...RANGE, query, step: '60000ms', direction: 'backward' }, { 'x-query-tags': 'Source=logvolhist' })
    expect(data.resultType).toBe('matrix')
    expect(data.result.map(({ metric }) => metric)).toEqual(expect.arrayContaining([{ level: 'info', detected_level: 'info' }, { level: 'error', detected_level: 'error' }, {}]))
    for (const { metric, values } of data.result) {
      const own = LINES.filter(({ labels }) => ('level' in labels ? labels['level'] : undefined) === metric['level'])
      const expected = Array.from({ length: 11 }, (_, i) => START_MS + i * MINUTE_MS).map((end) => [end / 1000, String(own.filter(({ ms }) => ms >= end - MINUTE_MS && ms < end).length)]).filter(([, count]) => count !== '0')
      expect(values).toEqual(expected)
    }
  })

  it('answers an instant query with one sample for each series', async () => {
    const { data } = await json('query', { query: 'topk(1, sum by (region) (count_over_time({app="checkout"}[10m])))', time: RANGE.end, limit: '1000', direction: 'backward' })
    expect(data).toMatchObject({ resultType: 'vector', result: [{ metric: { region: 'eu' }, value: [END_MS / 1000, '300'] }] })
    expect((await json('query', { query: '1 + 2 * 3', time: '5' })).data).toMatchObject({ resultType: 'scalar', result: [5, '7'] })
  })

  it('says how much a query will look at', async () => {
    const stats = await json<Record<string, number>>('index/stats', { ...RANGE, query: '{app="checkout", level="error"}' })
    const own = LINES.filter(({ line }) => line.startsWith('level=error'))
    expect(stats).toEqual({ streams: 1, chunks: 1, entries: own.length, bytes: own.reduce((sum, { line }) => sum + line.length, 0) })
  })

  it('shows volumes by label', async () => {
    const { data } = await json('index/volume', { ...RANGE, query: '{service_name=~".+"}', limit: '5', targetLabels: 'service_name' })
    expect(data.resultType).toBe('vector')
    expect(data.result.map(({ metric, value: [, bytes] }) => [metric, Number(bytes) > 0])).toEqual([[{ service_name: 'checkout' }, true], [{ service_name: 'web' }, true]])
    expect((await json('index/volume', { ...RANGE, query: '{}', targetLabels: 'region', aggregateBy: 'labels' })).data.result.map(({ metric }) => metric)).toEqual([{ region: '' }])
    const { data: ranged } = await json('index/volume_range', { ...RANGE, query: '{app="checkout"}', step: '300', targetLabels: 'region' })
    expect(ranged.resultType).toBe('matrix')
    expect(ranged.result.map(({ metric }) => metric)).toEqual(expect.arrayContaining([{ region: 'eu' }, { region: 'us' }]))
  })

  it('detects labels and fields', async () => {
    const { detectedLabels } = await json<{ detectedLabels: object[] }>('detected_labels', { ...RANGE, query: '{app="checkout"}' })
    expect(detectedLabels).toEqual(expect.arrayContaining([{ label: 'region', cardinality: 2 }, { label: 'service_name', cardinality: 1 }]))
    const { fields, limit } = await json<{ fields: object[]; limit: number }>('detected_fields', { ...RANGE, query: '{service_name=~"checkout|web"}', line_limit: '1000', limit: '500' })
    expect(limit).toBe(500)
    expect(fields).toEqual(expect.arrayContaining([
      { label: 'status', type: 'int', cardinality: 2, parsers: ['json'], jsonPath: ['status'] }, { label: 'request_path', type: 'string', cardinality: 7, parsers: ['json'], jsonPath: ['request', 'path'] },
      { label: 'user', type: 'string', cardinality: 3, parsers: ['logfmt'] }, { label: 'detected_level', type: 'string', cardinality: 2, parsers: null },
    ]))
    expect(await json('detected_field/user/values', { ...RANGE, query: '{app="checkout"}' })).toEqual({ values: expect.arrayContaining(['u0', 'u1', 'u2']) as unknown, limit: 1000 })
  })

  it('shows patterns', async () => {
    const { data } = await json<{ data: readonly { pattern: string; samples: readonly (readonly [number, number])[] }[] }>('patterns', { ...RANGE, query: '{app="checkout"}', step: '60s' })
    expect(data.map(({ pattern }) => pattern)).toEqual(['level=info msg="paid" took=<_> bytes=<_> user=<_>', 'level=error msg="<_>" took=<_> bytes=<_>'])
    expect(data[1]?.samples).toEqual(Array.from({ length: 10 }, (_, i) => [START_MS / 1000 + i * 60, 4]))
  })

  it('tells Grafana what it is, and formats queries', async () => {
    expect(await json('status/buildinfo', {})).toMatchObject({ version: expect.stringMatching(/^3\./) as string })
    expect(await json('format_query', { query: 'sum(rate({a="b"}|="c"[5m]))by(x)' })).toEqual({ status: 'success', data: 'sum by (x)(rate({a="b"} |= "c" [5m]))' })
  })

  it('tails over WebSocket: what was, then what comes, filtered', async () => {
    const frames: { readonly streams: readonly Result[] }[] = []
    const push = async (line: string, ms: number): Promise<void> => {
      const answer = await millrace.post('/loki/api/v1/push', JSON.stringify({ streams: [{ stream: { app: 'live' }, values: [[nsOf(ms), line]] }] }), { 'content-type': 'application/json' })
      await millrace.searchable(answer)
    }
    await push('keep the first', START_MS + 1)
    await push('leave', START_MS + 2)
    const socket = new WebSocket(`${millrace.url.replace('http', 'ws')}/loki/api/v1/tail?${new URLSearchParams({ query: '{app="live"} |= "keep"', start: nsOf(START_MS), limit: '10' }).toString()}`, { headers: { authorization: `Basic ${Buffer.from(`grafana:${millrace.key}`).toString('base64')}` } })
    socket.on('message', (data: Buffer) => frames.push(JSON.parse(data.toString('utf8')) as (typeof frames)[number]))
    await once(socket, 'open')
    const lines = (): readonly unknown[] => frames.flatMap(({ streams }) => streams.flatMap(({ values }) => values.map(([ns, line]) => [ns, line])))
    await waitFor(() => Promise.resolve(frames.length > 0))
    // Listeners become known to routers elsewhere within a second.
    for (let i = 0; lines().length < 3 && i < 20; i++) await push(`keep ${i}`, START_MS + 10 + i)
    await waitFor(() => Promise.resolve(lines().length >= 2))
    expect(lines()[0]).toEqual([nsOf(START_MS + 1), 'keep the first'])
    expect(lines().slice(1).every((line) => /"keep \d+"/.test(JSON.stringify(line)))).toBe(true)
    expect(frames[0]?.streams[0]?.stream).toEqual({ app: 'live', service_name: 'live' })
    socket.close()
    await once(socket, 'close')
  })

  it('refuses a tail in HTTP: without a key, of a metric, without an upgrade', async () => {
    const refused = async (query: string, headers: Readonly<Record<string, string>>): Promise<readonly [number | undefined, string]> => {
      const socket = new WebSocket(`${millrace.url.replace('http', 'ws')}/loki/api/v1/tail?query=${encodeURIComponent(query)}`, { headers })
      socket.on('error', () => undefined)
      const [, answer] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
      const text = await new Response(Readable.toWeb(answer) as unknown as ReadableStream).text()
      socket.terminate()
      return [answer.statusCode, text]
    }
    expect((await refused('{}', {}))[0]).toBe(401)
    expect((await refused('{}', { 'dd-api-key': 'wrong' }))[0]).toBe(403)
    expect(await refused('rate({}[1m])', { 'dd-api-key': millrace.key })).toEqual([400, 'only log queries can be tailed\n'])
    expect((await refused('{', { 'dd-api-key': millrace.key }))[1]).toMatch(/^parse error at line 1, col 2: /)
    expect((await ask('tail', { query: '{}' })).status).toBe(400)
  })

  it('says in plain text what is wrong with a question', async () => {
    const wrong = async (path: string, parameters: Readonly<Record<string, string>>): Promise<readonly [number, string, string | null]> => {
      const answer = await ask(path, parameters)
      return [answer.status, (await answer.text()).trimEnd(), answer.headers.get('content-type')]
    }
    const text = 'text/plain; charset=utf-8'
    expect(await wrong('query_range', { query: '{app="a"' })).toEqual([400, 'parse error at line 1, col 9: syntax error: unexpected end of the query, expecting "}"', text])
    expect(await wrong('query_range', { query: '{app="a"} | json |' })).toEqual([400, expect.stringMatching(/^parse error at line 1, col 19: /) as string, text])
    expect(await wrong('query_range', {})).toEqual([400, expect.stringMatching(/^parse error/) as string, text])
    expect(await wrong('query_range', { ...RANGE, query: '{}', limit: '5001' })).toEqual([400, 'max entries limit per query exceeded, limit > max_entries_limit_per_query (5001 > 5000)', text])
    expect(await wrong('query_range', { ...RANGE, query: 'rate({}[1m])', step: '0.001' })).toEqual([400, expect.stringContaining('11,000 points') as string, text])
    expect(await wrong('query_range', { ...RANGE, query: '{app=~"("}' })).toEqual([400, expect.stringContaining('regular expression') as string, text])
    expect(await wrong('query_range', { query: '{}', start: 'soon' })).toEqual([400, expect.stringContaining("'start'") as string, text])
    expect(await wrong('query', { query: '{}' })).toEqual([400, expect.stringContaining('range query') as string, text])
    expect(await wrong('query_range', { ...RANGE, query: 'count_over_time({service_name="web"} | logfmt --strict [1m])', step: '1m' })).toEqual([400, expect.stringMatching(/^pipeline error: 'LogfmtParserErr'/) as string, text])
    expect((await wrong('label/a-b/values', RANGE))[0]).toBe(400)
  })

  it('bounds the series of a query', async () => {
    const many = JSON.stringify({ streams: Array.from({ length: 501 }, (_, i) => ({ stream: { app: 'many', pod: `p${i}` }, values: [[nsOf(END_MS - 1000), 'x']] })) })
    await millrace.searchable(await millrace.post('/loki/api/v1/push', many, { 'content-type': 'application/json' }))
    for (const query of ['sum by (pod) (count_over_time({app="many"}[1m]))', 'count_over_time({app="many"}[1m])']) {
      const answer = await ask('query', { query, time: RANGE.end })
      expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('maximum of series (500) reached') as string])
    }
    expect((await json('query', { query: 'count(sum by (pod) (count_over_time({app="many"}[1m])))', time: RANGE.end })).data.result).toMatchObject([{ value: [END_MS / 1000, '501'] }])
  })

  describe('numbers', () => {
    /** What the lines themselves say. */
    const values = (group: (line: Line) => string | undefined, windowMs: number, reduce: (lines: readonly Line[]) => number, stepMs = MINUTE_MS): Readonly<Record<string, readonly (readonly [number, number])[]>> => {
      const groups = new Map<string, Line[]>()
      for (const line of LINES) {
        const key = group(line)
        if (key !== undefined) groups.set(key, [...(groups.get(key) ?? []), line])
      }
      const first = Math.floor(START_MS / stepMs) * stepMs
      return Object.fromEntries([...groups].map(([key, lines]) => [key, Array.from({ length: Math.floor((END_MS - first) / stepMs) + 1 }, (_, i) => first + i * stepMs).flatMap((end) => {
        const inside = lines.filter(({ ms }) => ms >= end - windowMs && ms < end)
        return inside.length === 0 ? [] : [[end / 1000, reduce(inside)] as const]
      })]))
    }
    const asked = async (query: string, label: string, step = '60'): Promise<Readonly<Record<string, readonly (readonly [number, number])[]>>> => {
      const { data } = await json('query_range', { ...RANGE, query, step })
      return Object.fromEntries(data.result.map(({ metric, values: points }) => [metric[label] ?? '', points.map(([second, value]) => [Number(second), Number(value)] as const)]))
    }
    const isCheckout = ({ labels }: Line): boolean => 'app' in labels
    const region = ({ labels }: Line): string | undefined => ('region' in labels ? labels['region'] : undefined)
    const near = (numbers: Readonly<Record<string, readonly (readonly [number, number])[]>>): unknown => Object.fromEntries(Object.entries(numbers).map(([key, points]) => [key, points.map(([second, value]) => [second, Math.round(value * 1e6) / 1e6])]))
    const average = (numbers: readonly number[]): number => numbers.reduce((sum, value) => sum + value, 0) / numbers.length
    const tookSeconds = ({ line }: Line): number => { const [, text = '', unit] = /took=([\d.]+)(ms|s)/.exec(line) ?? []; return Number(text) / (unit === 'ms' ? 1000 : 1) }

    const cases: readonly (readonly [query: string, label: string, expected: () => Readonly<Record<string, readonly (readonly [number, number])[]>>, step?: string])[] = [
      ['sum by (region) (count_over_time({app="checkout"}[2m]))', 'region', () => values(region, 2 * MINUTE_MS, ({ length }) => length)],
      ['sum by (region) (rate({app="checkout"}[90s]))', 'region', () => values(region, 90_000, ({ length }) => length / 90), '60'],
      ['sum by (region) (count_over_time({app="checkout"}[45s]))', 'region', () => values(region, 45_000, ({ length }) => length, 30_000), '30'],
      ['sum(count_over_time({app="checkout"}[1m] offset 2m))', '', () => Object.fromEntries(Object.entries(values((line) => (isCheckout(line) ? '' : undefined), MINUTE_MS, ({ length }) => length)).map(([key, points]) => [key, points.map(([second, value]) => [second + 120, value] as const).filter(([second]) => second <= END_MS / 1000)]))],
      ['sum by (status) (count_over_time({service_name="web"} | json [1m]))', 'status', () => values(({ labels, i }) => ('host' in labels ? String(200 + (i % 2) * 300) : undefined), MINUTE_MS, ({ length }) => length)],
      ['sum by (request_path) (count_over_time({service_name="web"} | json request_path="[\\"request\\"][\\"path\\"]" | drop __error__,__error_details__ | request_path!="" [60s]))', 'request_path', () => values(({ labels, i }) => ('host' in labels ? `/p/${i % 7}` : undefined), MINUTE_MS, ({ length }) => length)],
      ['sum by (level, detected_level) (count_over_time({app="checkout"} | logfmt | drop __error__[1m]))', 'detected_level', () => values((line) => (isCheckout(line) ? (region(line) === 'eu' ? 'info' : 'error') : undefined), MINUTE_MS, ({ length }) => length)],
      ['sum by (user) (bytes_over_time({app="checkout"} | logfmt | user != "" [1m]))', 'user', () => values(({ line }) => /user=(\w+)/.exec(line)?.[1], MINUTE_MS, (lines) => lines.reduce((sum, { line }) => sum + line.length, 0))],
      ['bytes_rate({app="checkout"} |= "refused" [1m])', 'region', () => values((line) => (region(line) === 'us' ? 'us' : undefined), MINUTE_MS, (lines) => lines.reduce((sum, { line }) => sum + line.length, 0) / 60)],
      ['avg_over_time({app="checkout"} | logfmt | unwrap duration(took) [2m]) by (region)', 'region', () => values(region, 2 * MINUTE_MS, (lines) => average(lines.map(tookSeconds)))],
      ['max_over_time({app="checkout"} | logfmt | unwrap bytes [1m]) by (region)', 'region', () => values(region, MINUTE_MS, (lines) => Math.max(...lines.map(({ line }) => Number(/bytes=(\d+)/.exec(line)?.[1]))))],
      ['quantile_over_time(0.5, {app="checkout", region="eu"} | logfmt | unwrap bytes [1m]) by (region)', 'region', () => values((line) => (region(line) === 'eu' ? 'eu' : undefined), MINUTE_MS, (lines) => {
        const sorted = lines.map(({ i }) => i * 10).sort((a, b) => a - b)
        return average([sorted[Math.floor((sorted.length - 1) / 2)] ?? NaN, sorted[Math.ceil((sorted.length - 1) / 2)] ?? NaN])
      })],
      ['sum by (p) (count_over_time({service_name="web"} | regexp "/p/(?P<p>[0-6])" [1m]))', 'p', () => values(({ labels, i }) => ('host' in labels ? String(i % 7) : undefined), MINUTE_MS, ({ length }) => length)],
      ['sum by (m) (count_over_time({service_name="web"} | pattern `{"method":"<m>","status":<_>` | m="POST" [1m]))', 'm', () => values(({ labels, i }) => ('host' in labels && i % 4 === 0 ? 'POST' : undefined), MINUTE_MS, ({ length }) => length)],
      ['sum by (region) (count_over_time({app="checkout"}[1m])) / 2 > 3', 'region', () => values((line) => (region(line) === 'eu' ? 'eu' : undefined), MINUTE_MS, ({ length }) => length / 2)],
      ['sum by (kind) (count_over_time({app="checkout"} | label_format kind="{{.region}}-{{.level}}" [1m]))', 'kind', () => values((line) => (isCheckout(line) ? `${region(line)}-${region(line) === 'eu' ? 'info' : 'error'}` : undefined), MINUTE_MS, ({ length }) => length)],
    ]
    it.each(cases.map(([query]) => query))('of %s are those of the lines', async (query) => {
      const [, label, expected, step = '60'] = cases.find(([one]) => one === query) ?? cases[0]!
      const [actual, wanted] = [near(await asked(query, label, step)), near(expected())]
      expect(actual).toEqual(wanted)
      expect(Object.keys(actual as object).length).toBeGreaterThan(0)
    })
  })
})
