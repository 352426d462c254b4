import { createElasticsearchClient, type ElasticsearchConnection } from './elasticsearch-client.ts'
import { indexNames } from './elasticsearch-index-schema.ts'
import type { ElasticsearchFacts } from './inspect-elasticsearch.ts'

/** Reads what {@link ElasticsearchFacts} holds. @throws what the driver throws. */
export async function readElasticsearchFacts({ prefix, ...connection }: ElasticsearchConnection & { readonly prefix: string }): Promise<ElasticsearchFacts> {
  const names = indexNames(prefix)
  const client = createElasticsearchClient(connection)
  const limit = { requestTimeout: INSPECTION_LIMIT_MS }
  try {
    // Not by `GET /`, which is a module of its own that a small distribution may lack. Of a metric, as `_none` would be taken for the name of a node.
    const { nodes } = await client.nodes.info({ metric: 'process', filter_path: 'nodes.*.version' }, limit)
    const health = await client.cluster.health({}, limit)
    const { index_templates: [found] } = await client.indices.getIndexTemplate({ name: names.template, flat_settings: true }, { ...limit, ignore: [404] }).then((answer) => ({ index_templates: answer.index_templates ?? [] }))
    const indices = await client.indices.get({ index: names.pattern, features: ['aliases'], expand_wildcards: 'open' }, limit)
    const settings: Readonly<Record<string, unknown>> = (found?.index_template.template?.settings ?? {}) as Readonly<Record<string, unknown>>
    return {
      version: [...new Set(Object.values(nodes).map(({ version }) => version))].sort().join(', '), health: health.status.toLowerCase() as ElasticsearchFacts['health'], dataNodes: health.number_of_data_nodes,
      template: found === undefined ? undefined : { shards: Number(settings['index.number_of_shards']), replicas: Number(settings['index.number_of_replicas']), forbidsAutoCreation: found.index_template.allow_auto_create === false },
      indices: Object.keys(indices).length,
    }
  } finally {
    await client.close()
  }
}

/** Health is answered at once; a cluster that elects a master takes some seconds. */
const INSPECTION_LIMIT_MS = 10_000
