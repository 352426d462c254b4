import type { ServerResponse } from 'node:http'
import { refuse } from '@millrace/http/refuse'

/**
 * The version of `If-Match: "3"`. Undefined once the request was refused: without one, a change could undo another's.
 * @param hint ends the sentence that asks for one.
 */
export function readIfMatch(header: string | undefined, response: ServerResponse, hint = ''): number | undefined {
  if (header === undefined) {
    refuse('millrace', response, { status: 428, code: 'version-needed', detail: `If-Match must name the version that is changed, such as "3"${hint}` })
    return undefined
  }
  const [, version] = /^"(\d{1,9})"$/.exec(header.trim()) ?? []
  if (version === undefined) refuse('millrace', response, { status: 400, code: 'bad-request', detail: 'If-Match must be one version in quotes, such as "3"' })
  return version === undefined ? undefined : Number(version)
}
