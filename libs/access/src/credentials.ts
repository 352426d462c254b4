import type { IncomingHttpHeaders } from 'node:http'

/**
 * Texts that may be the key of a request, the likeliest first; none when it carries no credential. Clients put one key where their protocol has a place for it:
 *
 * - `DD-API-KEY`, else `DD-APPLICATION-KEY`
 * - `Authorization: Bearer <key>`
 * - `Authorization: ApiKey <key>`, or base64 of `<id>:<key>` as Elasticsearch's clients make it
 * - `Authorization: Basic`, base64 of `<anything>:<key>` or `<key>:`
 * - `Authorization: Splunk <key>`
 * - `api-key`, else `x-api-key`, as OpenTelemetry exporters are told by other vendors' guides
 *
 * @param inUrl the key of a protocol that has a place for it there; headers go before it.
 */
export function credentialsOf(headers: IncomingHttpHeaders, inUrl?: string): readonly string[] {
  const datadog = single(headers['dd-api-key']) ?? single(headers['dd-application-key'])
  if (datadog !== undefined) return [datadog]
  const [, scheme = '', value = ''] = /^(\w+)\s+(\S+)\s*$/.exec(headers.authorization ?? '') ?? []
  const other = single(headers['api-key']) ?? single(headers['x-api-key'])
  if (scheme === '' && other !== undefined) return [other]
  switch (scheme.toLowerCase()) {
    case 'bearer':
    case 'splunk':
      return [value]
    case 'apikey':
      return [value, ...partsOf(value)]
    case 'basic':
      return partsOf(value)
    default:
      return inUrl === undefined || inUrl === '' ? [] : [inUrl]
  }
}

/** After the first colon, before it, and the whole; empty ones left out. */
function partsOf(base64: string): readonly string[] {
  const text = Buffer.from(base64, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return (colon === -1 ? [text] : [text.slice(colon + 1), text.slice(0, colon)]).filter((part) => part !== '')
}

function single(value: string | string[] | undefined): string | undefined {
  const text = Array.isArray(value) ? value[0] : value
  return text === undefined || text === '' ? undefined : text
}
