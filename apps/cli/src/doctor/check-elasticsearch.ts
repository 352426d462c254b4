import type { ElasticsearchFacts } from '@millrace/fragment-index/inspect-elasticsearch'
import type { ServiceSettings } from '@millrace/service/settings'
import { counted, type Notes } from './finding.ts'

type Settings = Pick<ServiceSettings, 'elasticsearchReplicas' | 'elasticsearchShards' | 'elasticsearchPrefix'>

/** What is wrong with an Elasticsearch that answers. */
export function checkElasticsearch(notes: Notes, { version, health, dataNodes, template, indices }: ElasticsearchFacts, settings: Settings): void {
  const { elasticsearchReplicas: replicas, elasticsearchShards: shards, elasticsearchPrefix: prefix } = settings
  if (health === 'red') notes.problem('its health is red', 'indices are not whole, so searches look into all fragments of those weeks', 'bring the node back, or delete the broken indices: they are made again')
  else if (health === 'yellow') notes.note('its health is yellow', 'copies of indices have no place', dataNodes <= replicas ? `have more than ${replicas} data nodes, or lower MILLRACE_ELASTICSEARCH_REPLICAS` : 'look at _cluster/allocation/explain')
  else notes.ok(`${counted(dataNodes, 'data node')}, version ${version}, health green, ${counted(indices, 'index', 'indices')}`)
  if (template === undefined) notes.problem(`there is no index template ${prefix}-v1-template`, 'an index could be made by a mere write, without its mapping', 'run millrace migrate')
  else if (!template.forbidsAutoCreation) notes.problem(`index template ${prefix}-v1-template allows automatic creation`, 'somebody has changed it', 'run millrace migrate, which puts it again')
  else if (template.replicas !== replicas || template.shards !== shards) notes.note(`the index template has ${template.shards} shards and ${template.replicas} copies, and the settings say ${shards} and ${replicas}`, 'the settings were changed since it was put', 'run millrace migrate; it counts from the next index on')
  else notes.ok('its index template is there')
}
