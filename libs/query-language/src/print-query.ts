import type { Facet, QueryAst, RangeNode, ValuePattern } from './ast.ts'

/** The search that {@link parseQuery} reads as `ast`, written in one way. */
export function printQuery(ast: QueryAst): string {
  switch (ast.type) {
    case 'all':
      return '*'
    case 'and':
      return ast.nodes.map((node) => (node.type === 'or' ? `(${printQuery(node)})` : printQuery(node))).join(' ')
    case 'or':
      return ast.nodes.map(printQuery).join(' OR ')
    case 'not':
      return ast.node.type === 'and' || ast.node.type === 'or' ? `NOT (${printQuery(ast.node)})` : `NOT ${printQuery(ast.node)}`
    case 'text':
      return (ast.scope === 'everywhere' ? '*:' : '') + printPattern(ast.pattern)
    case 'term':
      return `${printFacet(ast.facet)}:${printPattern(ast.pattern)}`
    case 'range':
      return `${printFacet(ast.facet)}:${printRange(ast)}`
    case 'exists':
      return `${printFacet(ast.facet)}:*`
  }
}

function printFacet({ kind, name }: Facet): string {
  if (kind !== 'attribute') return escape(name)
  // `\.` and `\\` belong to the name; what else is special gets a backslash of its own.
  return '@' + name.replace(/\\[.\\]|[^]/gu, (part) => (part.length === 2 && part.startsWith('\\') ? part : escape(part)))
}

function printPattern(pattern: ValuePattern): string {
  switch (pattern.kind) {
    case 'exact':
      if (pattern.isQuoted) return `"${pattern.text.replace(/["\\]/g, '\\$&')}"`
      return /^(?:AND|OR|NOT)$/.test(pattern.text) ? `\\${pattern.text}` : escape(pattern.text)
    case 'wildcard':
      return pattern.pieces.map((piece) => (piece === 'any' ? '*' : piece === 'one' ? '?' : escape(piece.literal))).join('')
    case 'regex':
      return `~"${pattern.source.replace(/\\[^]|"/g, (part) => (part === '"' ? '\\"' : part))}"`
  }
}

function printRange({ min, max }: RangeNode): string {
  return `${min?.isInclusive === false ? '{' : '['}${min?.value ?? '*'} TO ${max?.value ?? '*'}${max?.isInclusive === false ? '}' : ']'}`
}

function escape(text: string): string {
  return text.replace(/[\s()":\\*?~<>=[\]{}]|^[-@]/g, '\\$&')
}
