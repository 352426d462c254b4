import type { StringType } from '@millrace/fragment/table'
import type { Facet } from '@millrace/query-language/ast'
import { elementsOf, type Element } from './json-elements.ts'

/** Column that holds a facet's values. */
export function columnOf({ kind, name }: Facet): string {
  return kind === 'attribute' ? `@${name}` : kind === 'reserved' ? name : 'tags'
}

/**
 * The values that one stored string stands for: tags are several in one string, an array of scalars is several values in one source text.
 * Everything else is one value.
 */
export function valuesOfString(facet: Facet, type: StringType, text: string): readonly Element[] {
  if (type === 'json') return elementsOf(text)
  if (type === 'string' && facet.kind !== 'attribute' && columnOf(facet) === 'tags') return tagValues(facet, text)
  return [{ type, text }]
}

export function tagsOf(text: string): readonly string[] {
  return text.split(',').filter((tag) => tag !== '')
}

function tagValues(facet: Facet, text: string): readonly Element[] {
  if (facet.kind === 'reserved') return tagsOf(text).map((tag) => ({ type: 'string', text: tag }))
  const prefix = `${facet.name}:`
  const values: Element[] = []
  for (const tag of tagsOf(text)) {
    if (tag.startsWith(prefix)) values.push({ type: 'string', text: tag.slice(prefix.length) })
    else if (tag === facet.name) values.push({ type: 'string', text: '' })
  }
  return values
}
