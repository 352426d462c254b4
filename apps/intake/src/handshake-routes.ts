import type { Route } from '@millrace/http/route'
import { handshakeAnswers } from '@millrace/wire/elasticsearch/handshake'
import { elasticContentType } from './bulk-routes.ts'

/**
 * What Elasticsearch's clients ask before they write: who are you, may I, is this template there. The answers are the same for everyone, so no key is asked for.
 * `HEAD /:index` takes any path of one segment: these routes go after all others.
 */
export function handshakeRoutes(): readonly Route[] {
  return handshakeAnswers.flatMap(({ methods, path, answer }) =>
    methods.map((method): Route => ({
      method, path, scope: 'public', dialect: 'elasticsearch',
      handle: ({ raw, url }, response) => {
        const { status, body } = answer({ method, path: url.pathname, accept: raw.headers.accept })
        raw.resume() // templates and policies are read and forgotten: there is no mapping to set
        response.statusCode = status
        response.setHeader('X-Elastic-Product', 'Elasticsearch')
        response.setHeader('Content-Type', elasticContentType(raw.headers.accept))
        response.end(method === 'HEAD' ? undefined : JSON.stringify(body))
        return Promise.resolve()
      },
    })))
}
