import type { BootstrapKeys } from '@millrace/access/bootstrap-keys'

/** What a person reads after the start: where it listens, and lines to paste. */
export function welcome(port: number, { apiKey, adminKey }: BootstrapKeys): string {
  const url = `http://localhost:${port}`
  if (apiKey === undefined) {
    return `Millrace listens at ${url}\n\nIts keys were printed at the first start. To add one: MILLRACE_BOOTSTRAP_API_KEY=<key> npm start\n`
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
    'Or in a browser:',
    `  ${url}/#key=${apiKey}`,
    '',
  ]
  return lines.join('\n')
}
