import type { ElasticsearchConnection } from './elasticsearch-client.ts'
import { IndexUnavailableError } from './fragment-index.ts'

/** What Elasticsearch is at the moment, for people who look for what is wrong. */
export interface ElasticsearchFacts {
  readonly version: string
  readonly health: 'green' | 'yellow' | 'red'
  readonly dataNodes: number
  /** Undefined where there is no template of ours. */
  readonly template: { readonly shards: number; readonly replicas: number; readonly forbidsAutoCreation: boolean } | undefined
  /** Of ours. */
  readonly indices: number
}

/** Looks at Elasticsearch, and changes nothing. @throws {IndexUnavailableError} */
export async function inspectElasticsearch(options: ElasticsearchConnection & { readonly prefix: string }): Promise<ElasticsearchFacts> {
  try {
    const { readElasticsearchFacts } = await import('./elasticsearch-inspection.ts')
    return await readElasticsearchFacts(options)
  } catch (cause) {
    throw new IndexUnavailableError(cause instanceof Error ? `Elasticsearch could not be asked what it is: ${cause.message}` : 'Elasticsearch could not be asked what it is', { cause })
  }
}
