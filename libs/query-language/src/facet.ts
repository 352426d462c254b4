import type { Facet } from './ast.ts'
import { QuerySyntaxError } from './query-syntax-error.ts'

/**
 * Reads a facet that stands alone, as `metric` and `group_by` have it: `service`, `@http.status_code`, `env`.
 * Nothing needs an escape here but a dot or backslash of an attribute's key (`@a\.b` is the one key `a.b`).
 *
 * @throws {QuerySyntaxError}
 */
export function facetOf(text: string): Facet {
  if (text === '' || text === '@') throw new QuerySyntaxError('a facet needs a name', 1)
  if (text.startsWith('@')) return { kind: 'attribute', name: text.slice(1) }
  return { kind: RESERVED_FACETS.has(text) ? 'reserved' : 'tag', name: text }
}

/** The text that {@link facetOf} reads. */
export function facetText({ kind, name }: Facet): string {
  return kind === 'attribute' ? `@${name}` : name
}

/** Names that are not tags. The engine finds each in the column of the same name. */
export const RESERVED_FACETS: ReadonlySet<string> = new Set(['message', 'service', 'host', 'source', 'status', 'tags', 'trace_id', 'span_id'])
