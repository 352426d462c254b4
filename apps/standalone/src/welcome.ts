import type { BootstrapKeys } from '@millrace/access/bootstrap-keys'

/**
 * What a person reads after the start: where it listens, and lines to paste.
 * @param signInLink its fragment opens the page, once.
 */
export function welcome(port: number, { apiKey, adminKey }: BootstrapKeys, signInLink: Pick<URL, 'hash'>): string {
  const url = `http://localhost:${port}`
  const inBrowser = ['In a browser, once and within the hour; npm run millrace -- sign-in prints another:', `  ${url}/${signInLink.hash}`, '']
  if (apiKey === undefined) {
    return [`Millrace listens at ${url}`, '', 'Its keys were printed at the first start. To add one: MILLRACE_BOOTSTRAP_API_KEY=<key> npm start', '', ...inBrowser].join('\n')
  }
  const lines = [
    `Millrace listens at ${url}`,
    '',
    `  API key    ${apiKey}`,
    ...(adminKey === undefined ? [] : [`  Admin key  ${adminKey}`]),
    '',
    'Send an event:',
    `  curl -s ${url}/v1/events -H 'DD-API-KEY: ${apiKey}' -d '{"message":"hello from curl","service":"web","status":"info"}'`,
    '',
    'Find it a second later:',
    `  curl -s ${url}/api/v2/logs/events/search -H 'DD-API-KEY: ${apiKey}' -H 'Content-Type: application/json' -d '{"filter":{"query":"hello"}}'`,
    '',
    ...inBrowser,
  ]
  return lines.join('\n')
}
