import { credentialsOf } from './credentials.ts'

const base64 = (text: string): string => Buffer.from(text).toString('base64')

describe('the credential of a request', () => {
  it.each([
    ['Datadog agents', { 'dd-api-key': 'k' }, 'k'],
    ['Datadog readers', { 'dd-application-key': 'k' }, 'k'],
    ['bearer tokens', { authorization: 'Bearer k' }, 'k'],
    ['a bare ApiKey', { authorization: 'ApiKey k' }, 'k'],
    ['the ApiKey of Elasticsearch clients', { authorization: `ApiKey ${base64('id:k')}` }, 'k'],
    ['a password', { authorization: `Basic ${base64('elastic:k')}` }, 'k'],
    ['Splunk senders', { authorization: 'Splunk k' }, 'k'],
    ['OpenTelemetry exporters that other vendors set up', { 'api-key': 'k' }, 'k'],
    ['API gateways', { 'x-api-key': 'k' }, 'k'],
    ['a user name', { authorization: `basic ${base64('k:')}` }, 'k'],
  ])('is found where %s put it', (_, headers, key) => {
    expect(credentialsOf(headers)).toContain(key)
  })

  it('is missing where there is none, and where it is empty', () => {
    for (const headers of [{}, { authorization: 'Bearer' }, { authorization: 'Digest x' }, { 'dd-api-key': '' }, { authorization: `Basic ${base64(':')}` }]) expect(credentialsOf(headers)).toEqual([])
  })

  it('may stand in the URL where no header has one', () => {
    expect(credentialsOf({}, 'k')).toEqual(['k'])
    expect(credentialsOf({ 'dd-api-key': 'h' }, 'k')).toEqual(['h'])
  })

  it('is the API key alone when both Datadog headers are there', () => {
    expect(credentialsOf({ 'dd-api-key': 'a', 'dd-application-key': 'b' })).toEqual(['a'])
  })
})
