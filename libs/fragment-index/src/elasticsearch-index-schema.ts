import assert from 'node:assert/strict'
import type { estypes } from '@elastic/elasticsearch'
import { clampTime, MAX_QUERY_WORDS, type FragmentDocument, type FragmentQuery } from './fragment-index.ts'
import { parseWindowName, windowName, type IndexWindow } from './index-window.ts'

/** Names of everything that one installation keeps in Elasticsearch. */
export interface IndexNames {
  /** Of all our indices and their identities. Both the template and the lists go by it. */
  readonly pattern: string
  readonly template: string
  /** `millrace-v1-log-2026.11.23`: a function of the window alone, so that two places that make it at once make one. */
  index(window: IndexWindow): string
  /** The inverse of `index`; undefined for anything else. */
  window(index: string): IndexWindow | undefined
  /** The alias that one index is known by: `millrace-v1-id-<random>`. */
  alias(random: string): string
  isAlias(name: string): boolean
}

/** @param prefix lower-case letters and digits: with a dash one installation's pattern could match another's names. */
export function indexNames(prefix: string): IndexNames {
  assert(/^[a-z0-9]{1,40}$/.test(prefix), 'an index prefix is 1 to 40 lower-case letters and digits')
  const root = `${prefix}-v${SCHEMA_VERSION}-`
  return {
    pattern: `${root}*`,
    template: `${root}template`,
    index: (window) => root + windowName(window),
    window: (index) => (index.startsWith(root) ? parseWindowName(index.slice(root.length)) : undefined),
    alias: (random) => `${root}id-${random}`,
    isAlias: (name) => name.startsWith(`${root}id-`),
  }
}

/** Part of every name: rows that another version has indexed count as not indexed, and are indexed again. */
const SCHEMA_VERSION = 1

export interface IndexSizing {
  /** Primary shards of each index. A week of 46 billion events fills one (docs/design/fragment-index.md). */
  readonly shards: number
  /** Copies of each shard beside the first. With none, a lost node makes its fragments candidates until they are indexed again. */
  readonly replicas: number
}

/** Settings and mapping of every index. */
export function indexSchema({ shards, replicas }: IndexSizing): { readonly settings: estypes.IndicesIndexSettings; readonly mappings: estypes.MappingTypeMapping } {
  return {
    settings: {
      number_of_shards: shards,
      number_of_replicas: replicas,
      // What is put is refreshed by its own request, and a search must never wait for a refresh as it would on an index that counts as idle.
      refresh_interval: '-1',
      // The catalog relies on what was acknowledged: it must be on disk, whatever a cluster's own default is.
      translog: { durability: 'request' },
    },
    mappings: {
      dynamic: 'strict',
      _source: { enabled: false },
      properties: {
        // The only one that is read back. Each `_id` would be unpacked from among what the server keeps for recovery, at several times the cost.
        row: { type: 'keyword', index: false },
        tenant: { type: 'keyword', doc_values: false },
        min_time: { type: 'long', doc_values: false },
        max_time: { type: 'long', doc_values: false },
        has_words: { type: 'boolean', doc_values: false },
        // Not `text`: the words are made already, and an analyzer would cut them again. It costs the same.
        words: { type: 'keyword', doc_values: false, norms: false, index_options: 'docs' },
      },
    },
  }
}

/** What is stored of a fragment. Longs go as text: JSON's numbers are exact to 53 bits only. */
export function sourceOf({ tenantId, rowId, minTimeNs, maxTimeNs, words }: FragmentDocument): Record<string, unknown> {
  return { row: rowId, tenant: tenantId, min_time: clampTime(minTimeNs).toString(), max_time: clampTime(maxTimeNs).toString(), has_words: words !== undefined, words: words?.map(termOf) }
}

type Filter = Exclude<estypes.QueryDslQueryContainer, undefined>

export function filterOf({ tenantId, fromNs, toNs, words }: FragmentQuery): Filter {
  const scope: Filter[] = [
    { term: { tenant: tenantId } },
    { range: { max_time: { gte: clampTime(fromNs).toString() } } },
    { range: { min_time: { lte: clampTime(toNs).toString() } } },
  ]
  const terms = words.slice(0, MAX_QUERY_WORDS).map((word): Filter => ({ term: { words: termOf(word) } }))
  if (terms.length > 0) scope.push({ bool: { should: [{ term: { has_words: false } }, { bool: { filter: terms } }], minimum_should_match: 1 } })
  return { bool: { filter: scope } }
}

/** `acme/k3j9x0q8m1abcdef`: row ids are random, but a tenant's document must not depend on that. */
export function documentId(tenantId: string, rowId: string): string {
  return `${tenantId}/${rowId}`
}

/** The parts of a search's answer that are looked at, of each index; the rest would be most of its bytes. */
export const ANSWER_PARTS = ['hits.hits.fields.row', '_shards', 'timed_out', 'status', 'error.type']
/** What brings a hit's row id, and nothing else. */
export const ROW_ONLY = { stored_fields: '_none_', docvalue_fields: ['row'] }

/** Undefined for a document that is none of ours. */
export function rowIdOf({ fields }: estypes.SearchHit): string | undefined {
  const [rowId] = (fields?.['row'] ?? []) as readonly unknown[]
  return typeof rowId === 'string' ? rowId : undefined
}

/** Long words are told apart by their beginning only: more candidates, none missed. JSON cannot carry half a surrogate pair. */
function termOf(word: string): string {
  return word.slice(0, MAX_TERM_LENGTH).toWellFormed()
}

/** UTF-16 units: at most 3,072 bytes of the 32,766 that a term may have. */
const MAX_TERM_LENGTH = 1_024
