import { facetOf } from '@millrace/query-language/facet'
import type { Facet } from '@millrace/query-language/ast'
import { QuerySyntaxError } from '@millrace/query-language/query-syntax-error'
import { BadPatternError, type Aggregation } from '../query-engine.ts'
import { familyOf, type Accumulator } from './accumulator.ts'
import { CountAccumulator } from './count.ts'
import { DistinctAccumulator } from './distinct.ts'
import { PercentileAccumulator } from './percentile.ts'
import { SummaryAccumulator } from './summary.ts'

/** @throws {BadPatternError} the metric is missing or no facet. */
export function createAccumulator(aggregation: Aggregation, metric: string | undefined): Accumulator {
  const family = familyOf(aggregation)
  const facet = metric === undefined ? undefined : readFacet(metric)
  if (family === 'count') return new CountAccumulator(facet)
  if (facet === undefined) throw new BadPatternError(`${aggregation} needs a metric`)
  switch (family) {
    case 'distinct':
      return new DistinctAccumulator(facet)
    case 'summary':
      return new SummaryAccumulator(facet)
    case 'percentile':
      return new PercentileAccumulator(facet)
  }
}

/** @throws {BadPatternError} */
export function readFacet(text: string): Facet {
  try {
    return facetOf(text)
  } catch (cause) {
    if (cause instanceof QuerySyntaxError) throw new BadPatternError(cause.message, { cause })
    throw cause
  }
}
