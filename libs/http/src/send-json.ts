import type { ServerResponse } from 'node:http'

/** Answers `value` as JSON. A string is sent as it is: it must be JSON text already. */
export function sendJson(response: ServerResponse, status: number, value: object | string): void {
  const body = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value), 'utf8')
  response.statusCode = status
  response.setHeader('Content-Type', 'application/json')
  response.setHeader('Content-Length', body.length)
  response.end(body)
}
