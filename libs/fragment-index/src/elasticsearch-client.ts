import { Client } from '@elastic/elasticsearch'

export interface ElasticsearchConnection {
  /** Addresses such as `http://127.0.0.1:9200`; at least one. */
  readonly nodes: readonly string[]
  readonly auth?: ElasticsearchAuth
}

export type ElasticsearchAuth = { readonly apiKey: string } | { readonly username: string; readonly password: string }

/** A client that tries each node once at most, and asks nothing of its own. */
export function createElasticsearchClient({ nodes, auth }: ElasticsearchConnection): Client {
  return new Client({
    nodes: [...nodes],
    ...(auth === undefined ? {} : { auth }),
    maxRetries: nodes.length - 1,
    // Every call has a shorter limit of its own. The driver counts only limits that differ from this one by itself.
    requestTimeout: DRIVER_LIMIT_MS,
    resurrectStrategy: 'none',
  })
}

const DRIVER_LIMIT_MS = 120_000
