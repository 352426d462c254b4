import type { QueryAst } from '@millrace/query-language/ast'
import { createExistsFilter } from './exists-filter.ts'
import { KEEP_ALL, type Filter } from './filter.ts'
import { createAndFilter, createNotFilter, createOrFilter } from './logic-filters.ts'
import { createRangeFilter } from './range-filter.ts'
import { createTermFilter } from './term-filter.ts'
import { createTextFilter } from './text-filter.ts'

/** Turns a search into what scans fragments. @throws {BadPatternError} */
export function compileFilter(ast: QueryAst): Filter {
  switch (ast.type) {
    case 'all':
      return ALL
    case 'and':
      return createAndFilter(ast.nodes.map(compileFilter))
    case 'or':
      return createOrFilter(ast.nodes.map(compileFilter))
    case 'not':
      return createNotFilter(compileFilter(ast.node))
    case 'text':
      return createTextFilter(ast)
    case 'term':
      return createTermFilter(ast)
    case 'range':
      return createRangeFilter(ast)
    case 'exists':
      return createExistsFilter(ast)
  }
}

const ALL: Filter = {
  cost: 0,
  decide: () => Promise.resolve('all'),
  load: () => Promise.resolve(KEEP_ALL),
}
