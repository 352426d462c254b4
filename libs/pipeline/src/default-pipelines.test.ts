import { encodeFragment } from '@millrace/fragment/encode-fragment'
import { rowsOf, tableOf } from '@millrace/fragment/plain-rows'
import { openFragmentBytes } from '@millrace/fragment/read-fragment'
import { systemClock } from '@millrace/runtime/system-clock'
import { defaultPipelines } from './default-pipelines.ts'
import { DAY_NS, type PlainEvent } from './pipeline-harness.ts'
import { runPipelines } from './run-pipelines.ts'
import { WorkBudget } from './work-budget.ts'

async function processed(...events: readonly PlainEvent[]): Promise<{ readonly isChanged: boolean; readonly events: readonly PlainEvent[]; readonly timestamps: readonly string[] }> {
  const bytes = encodeFragment(tableOf(events.map((event) => ({ timeOffset: 0, values: new Map(Object.entries(event)) })), { dayNs: DAY_NS }))
  const draft = await runPipelines(defaultPipelines(), openFragmentBytes(bytes), { stream: 's', offset: 0, work: new WorkBudget(), oldestNs: 0n, newestNs: DAY_NS * 2n }, { clock: systemClock })
  const tables = (await draft.finish()).map(({ table }) => table)
  const rows = tables.flatMap((table) => rowsOf({ ...table, columns: table.columns.filter(({ name }) => name !== '_row') }).map(({ timeOffset, values }) => ({ values, ms: Number(table.dayNs / 1_000_000n) + timeOffset / 1e6 })))
  return { isChanged: draft.isChanged, events: rows.map(({ values }) => Object.fromEntries(values)), timestamps: rows.map(({ ms }) => new Date(ms).toISOString()) }
}

describe('without a word from the tenant', () => {
  it('JSON that came as text becomes attributes, its level the status, its message the message', async () => {
    const message = '{"level":30,"time":1728043200000,"pid":1,"msg":"listening","service":"shop","http":{"port":8080},"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}'
    expect((await processed({ message, host: 'h1' }, { 'message': message, 'status': 'error', '@pid': 7 })).events).toEqual([
      { 'message': 'listening', 'status': 'info', 'service': 'shop', 'host': 'h1', 'trace_id': '4bf92f3577b34da6a3ce929d0e0e4736', '@level': 30, '@time': 1728043200000, '@pid': 1, '@http.port': 8080 },
      { 'message': 'listening', 'status': 'error', 'service': 'shop', 'trace_id': '4bf92f3577b34da6a3ce929d0e0e4736', '@level': 30, '@time': 1728043200000, '@pid': 7, '@http.port': 8080 },
    ])
  })

  it('JSON stays as it came, with all that is in it, where the batch has too many names', async () => {
    const texts = Array.from({ length: 12 }, (_, event) => JSON.stringify({ msg: 'm', ...Object.fromEntries(Array.from({ length: 199 }, (_, i) => [`k${event}_${i}`, i])) }))
    const { events } = await processed(...texts.map((message) => ({ message })))
    expect(events.map(({ message }, index) => (message === 'm' ? 'parsed' : message === texts[index] ? 'kept' : 'lost'))).toEqual([...Array<string>(5).fill('parsed'), ...Array<string>(7).fill('kept')])
    expect(Object.keys(events[0] ?? {})).toHaveLength(200)
  })

  it('lines of nginx and Apache become attributes, with their own time', async () => {
    const access = '203.0.113.7 - frank [04/Oct/2024:13:55:36 +0200] "GET /a?b=1 HTTP/1.1" 502 2326 "-" "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"'
    const error = '2024/10/04 13:55:36 [error] 7#8: *9 connect() failed'
    const { events, timestamps } = await processed({ source: 'nginx', message: access }, { source: 'nginx', message: error }, { source: 'httpd', message: '::1 - - [04/Oct/2024:00:00:00 +0000] "GET / HTTP/1.0" 200 -' }, { source: 'redis', message: access })
    expect(events).toMatchObject([
      { 'message': access, 'status': 'error', '@network.client.ip': '203.0.113.7', '@http.auth': 'frank', '@http.method': 'GET', '@http.url': '/a?b=1', '@http.version': '1.1', '@http.status_code': 502, '@network.bytes_written': 2326, '@http.useragent_details.browser.name': 'Firefox' },
      { 'status': 'error', '@level': 'error', '@process.pid': 7, '@error.message': '*9 connect() failed' },
      { 'status': 'info', '@network.client.ip': '::1', '@http.status_code': 200 },
      { source: 'redis', message: access },
    ])
    expect(events[0]).not.toHaveProperty('@date_access')
    expect(Object.keys(events[3] ?? {})).toEqual(['source', 'message'])
    expect(timestamps).toEqual(['2024-10-04T11:55:36.000Z', '2024-10-04T00:00:00.000Z', '2024-10-04T00:00:00.000Z', '2024-10-04T00:00:00.000Z'])
  })

  it('everything else is left as it is', async () => {
    expect((await processed({ message: '{"level":"info"}', _verbatim: true })).isChanged).toBe(false)
    expect((await processed({ message: 'plain {text}', source: 'app' }, { message: 'level=info', service: '{x' }, { '@a': 1 })).isChanged).toBe(false)
  })
})
