import { createElasticsearchClient, type ElasticsearchConnection } from './elasticsearch-client.ts'
import { indexNames, indexSchema, type IndexSizing } from './elasticsearch-index-schema.ts'

export interface MigrateElasticsearchOptions extends ElasticsearchConnection, Partial<IndexSizing> {
  readonly prefix: string
}

/** Puts the index template of this version. @throws what the driver throws. */
export async function migrateElasticsearch({ prefix, shards = 1, replicas = 1, ...connection }: MigrateElasticsearchOptions): Promise<void> {
  const names = indexNames(prefix)
  const client = createElasticsearchClient(connection)
  try {
    await client.indices.putIndexTemplate(
      { name: names.template, index_patterns: [names.pattern], priority: PRIORITY, allow_auto_create: false, template: indexSchema({ shards, replicas }) },
      { requestTimeout: MIGRATION_LIMIT_MS },
    )
  } finally {
    await client.close()
  }
}

/** Above the templates that come with Elasticsearch, which have 500 at most. */
const PRIORITY = 600
const MIGRATION_LIMIT_MS = 30_000
