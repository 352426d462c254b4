import type { RangeNode } from '@millrace/query-language/ast'
import { numberOf } from '../patterns/decimal.ts'
import { columnOf, valuesOfString } from './facet-columns.ts'
import type { Filter } from './filter.ts'
import { decideValues, loadValues } from './scan-values.ts'
import type { ValuePredicate } from './value-predicate.ts'

/** A number, or a string that is one, between two bounds. */
export function createRangeFilter({ facet, min, max }: RangeNode): Filter {
  const names = [columnOf(facet)]
  const isInRange = (value: number): boolean =>
    Number.isFinite(value) &&
    (min === undefined || (min.isInclusive ? value >= min.value : value > min.value)) &&
    (max === undefined || (max.isInclusive ? value <= max.value : value < max.value))
  const predicate: ValuePredicate = {
    matchesText: (type, text) => valuesOfString(facet, type, text).some((element) => element.type !== 'literal' && isInRange(numberOf(element.text))),
    matchesNumber: isInRange,
    matchesLiteral: () => false,
    narrow: undefined,
    templates: undefined,
    numbers: { min: min?.value ?? -Number.MAX_VALUE, max: max?.value ?? Number.MAX_VALUE },
    words: [],
    exactText: undefined,
  }
  return {
    cost: 1,
    decide: async (fragment) => await decideValues(fragment, names, predicate),
    load: async (fragment) => await loadValues(fragment, names, predicate),
  }
}
