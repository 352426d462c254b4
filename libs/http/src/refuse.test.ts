import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { refuse } from './refuse.ts'
import type { Dialect } from './route.ts'

async function answerOf(dialect: Dialect, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  const server = createServer((_, response) => {
    refuse(dialect, response, { status: 503, code: 'bus-full', detail: 'too much waits', retryAfterS: 1.2 })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    return await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { headers: { connection: 'close', ...headers } })
  } finally {
    server.close()
  }
}

describe('a refusal', () => {
  it('is problem+json for our own clients', async () => {
    const answer = await answerOf('millrace')
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(answer.headers.get('retry-after')).toBe('2')
    expect(await answer.json()).toEqual({ type: 'urn:millrace:problem:bus-full', title: 'Bus full', status: 503, detail: 'too much waits' })
  })

  it('is a list of errors for Datadog clients, who read another header', async () => {
    const answer = await answerOf('datadog')
    expect(answer.headers.get('x-ratelimit-reset')).toBe('2')
    expect(await answer.json()).toEqual({ errors: ['too much waits'] })
  })

  it('is an exception for Elasticsearch clients, with their product header', async () => {
    const answer = await answerOf('elasticsearch')
    expect(answer.headers.get('x-elastic-product')).toBe('Elasticsearch')
    expect(await answer.json()).toMatchObject({ status: 503, error: { type: 'es_rejected_execution_exception', reason: 'too much waits', root_cause: [{}] } })
  })

  it('is plain text for Loki clients', async () => {
    const answer = await answerOf('loki')
    expect([answer.headers.get('content-type'), await answer.text()]).toEqual(['text/plain; charset=utf-8', 'too much waits\n'])
  })

  it('is a status of gRPC for OTLP clients, in the encoding of their request', async () => {
    const json = await answerOf('otlp', { 'content-type': 'application/json' })
    expect([json.headers.get('content-type'), await json.json()]).toEqual(['application/json', { code: 14, message: 'too much waits' }])
    const protobuf = await answerOf('otlp', { 'content-type': 'application/x-protobuf' })
    expect(protobuf.headers.get('content-type')).toBe('application/x-protobuf')
    expect(Buffer.from(await protobuf.arrayBuffer()).toString('latin1')).toBe('\x08\x0e\x12\x0etoo much waits')
  })

  it('has a text and a code for Splunk clients', async () => {
    expect(await (await answerOf('splunk')).json()).toEqual({ text: 'Server is busy', code: 9 })
  })
})
