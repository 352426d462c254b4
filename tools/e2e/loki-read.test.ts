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
})

