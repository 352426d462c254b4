import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TenantId } from '@millrace/event/event'

/**
 * One thing that a process answers. Apps make tables of routes; the gateway checks the key, the scope and the limits before it calls `handle`,
 * so that no handler can forget to.
 */
export interface Route {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Segments after `/`; `:name` stands for one segment. */
  readonly path: string
  /** What the key must allow. `public` needs no key, and its handler is told of no tenant. */
  readonly scope: RouteScope
  /** How errors are written. In Datadog's, a key may also stand in the URL: as `:apiKey` of the path, or as the parameter `dd-api-key`. */
  readonly dialect: Dialect
  /** Must end the response or throw before it wrote anything. The body of the request is not read yet. */
  readonly handle: (request: RouteRequest, response: ServerResponse) => Promise<void>
}

export type RouteScope = 'public' | 'ingest' | 'query' | 'admin'

/** Whose manner of speaking an answer follows. */
export type Dialect = 'millrace' | 'datadog' | 'elasticsearch' | 'loki' | 'otlp' | 'splunk'

export interface RouteRequest {
  readonly raw: IncomingMessage
  readonly url: URL
  /** Values of the `:name` segments, decoded. */
  readonly params: Readonly<Record<string, string>>
  /** Of the key. Empty for `public` and `admin` routes. */
  readonly tenantId: TenantId
  /** SHA-256 of the key's text, hex; empty for `public` routes. */
  readonly keyHash: string
  /** When the head of the request was read, ms since 1970. */
  readonly receivedMs: number
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal
  /** Whether its key or session still allows what it allowed when the request came: answers without an end of their own ask now and then. Never rejects: while the catalog is away keys are trusted as for new requests, and sessions go on. */
  readonly isStillAllowed: () => Promise<boolean>
}
