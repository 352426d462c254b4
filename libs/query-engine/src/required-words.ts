import type { QueryAst } from '@millrace/query-language/ast'
import { fold, wordsOfFolded } from './fold.ts'

/** Words of ASCII letters that the message of every matching event has. The index of fragments can be asked for them; it holds no word with a digit. */
export function requiredWords(ast: QueryAst): readonly string[] {
  return [...wordsIn(ast)].slice(0, MAX_REQUIRED_WORDS)
}

/** A few words already leave few fragments. */
const MAX_REQUIRED_WORDS = 16
const NO_WORDS: ReadonlySet<string> = new Set()

function wordsIn(ast: QueryAst): ReadonlySet<string> {
  switch (ast.type) {
    case 'text':
      if (ast.scope !== 'message' || ast.pattern.kind !== 'exact') return NO_WORDS
      // Beyond ASCII the index may fold case in another way than the engine.
      return new Set(wordsOfFolded(fold(ast.pattern.text)).filter((word) => /^[a-z]+$/.test(word)))
    case 'and':
      return new Set(ast.nodes.flatMap((node) => [...wordsIn(node)]))
    case 'or': {
      const [first = NO_WORDS, ...others] = ast.nodes.map(wordsIn)
      return new Set([...first].filter((word) => others.every((words) => words.has(word))))
    }
    default:
      return NO_WORDS
  }
}
