import type { ExistsNode } from '@millrace/query-language/ast'
import { columnOf, valuesOfString } from './facet-columns.ts'
import type { Filter } from './filter.ts'
import { decideValues, loadValues } from './scan-values.ts'
import type { ValuePredicate } from './value-predicate.ts'

/** The facet has a value, whatever it is. */
export function createExistsFilter({ facet }: ExistsNode): Filter {
  const names = [columnOf(facet)]
  const isList = names[0] === 'tags' && facet.kind !== 'attribute'
  const predicate: ValuePredicate = {
    matchesText: (type, text) => !isList || valuesOfString(facet, type, text).length > 0,
    matchesNumber: () => true,
    matchesLiteral: () => true,
    narrow: isList ? undefined : () => true,
    templates: isList ? undefined : { key: 'exists', decide: () => 'all' },
    numbers: undefined,
    words: [],
    exactText: undefined,
  }
  return {
    cost: 1,
    decide: async (fragment) => {
      if (isList) return await decideValues(fragment, names, predicate)
      const values = names.flatMap((name) => fragment.headersOf(name)).reduce((sum, { valueCount }) => sum + valueCount, 0)
      return values === 0 ? 'none' : values === fragment.header.rows ? 'all' : 'some'
    },
    load: async (fragment) => await loadValues(fragment, names, predicate),
  }
}
