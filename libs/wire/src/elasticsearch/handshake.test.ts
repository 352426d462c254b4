import { handshakeAnswers } from './handshake.ts'

describe('the handshake', () => {
  it.each([
    ['GET', '/'], ['HEAD', '/'], ['GET', '/_license'], ['GET', '/_cluster/health'], ['GET', '/_nodes/http'], ['GET', '/_ilm/policy/:name'], ['PUT', '/_ilm/policy/:name'], ['GET', '/_index_template/:name'],
    ['PUT', '/_index_template/:name'], ['PUT', '/_ingest/pipeline/:name'], ['GET', '/_data_stream/:name'], ['PUT', '/_data_stream/:name'], ['GET', '/_cat/templates'], ['HEAD', '/_template/:name'], ['HEAD', '/:index'],
  ] as const)('answers %s %s with 200 and JSON', (method, path) => {
    const found = handshakeAnswers.filter((answer) => answer.path === path && answer.methods.includes(method))
    expect(found).toHaveLength(1)
    const { status, body } = found[0]!.answer({ method, path: path.replace(':name', 'logs%2Dx'), accept: undefined })
    expect(status).toBe(200)
    expect(JSON.parse(JSON.stringify(body))).toEqual(body)
  })

  it('names a version that clients can parse, and what they ask for', () => {
    expect(ask('GET', '/', '/')).toMatchObject({ version: { number: expect.stringMatching(/^8\.\d+\.\d+$/) }, tagline: 'You Know, for Search' })
    expect(ask('GET', '/_license', '/_license')).toMatchObject({ license: { status: 'active', type: 'basic', expiry_date_in_millis: 4_000_000_000_000 } })
    expect(ask('GET', '/_index_template/:name', '/_index_template/filebeat%2D9')).toMatchObject({ index_templates: [{ name: 'filebeat-9' }] })
    expect(ask('GET', '/_ilm/policy/:name', '/_ilm/policy/%E0')).toMatchObject({ '%E0': { version: 1 } })
    expect(ask('PUT', '/_ilm/policy/:name', '/_ilm/policy/x')).toEqual({ acknowledged: true })
  })
})

function ask(method: 'GET' | 'PUT', route: string, path: string): object | undefined {
  return handshakeAnswers.find((answer) => answer.path === route && answer.methods.includes(method))?.answer({ method, path, accept: undefined }).body
}
