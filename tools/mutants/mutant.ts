import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** A bug that a run must notice: some text of one file, replaced. */
export interface Mutant {
  readonly run: RunKind
  readonly name: string
  /** What breaks, in a sentence. */
  readonly about: string
  /** From the root of the tree. */
  readonly file: string
  /** Each text must be in the file exactly once. */
  readonly replacements: readonly (readonly [find: string, replacement: string])[]
}

/** What must notice it: `crash` is the whole standalone on a disk that forgets, `zombie` routers and writers over real Kafka and Cassandra. */
export type RunKind = 'crash' | 'zombie'

/** Plants a mutant in the tree below `root`; answers what takes it out again. @throws as {@link mutate} */
export function plant(root: string, mutant: Mutant): () => void {
  const path = join(root, mutant.file)
  const original = readFileSync(path, 'utf8')
  writeFileSync(path, mutate(original, mutant))
  return () => writeFileSync(path, original)
}

/** @throws when a text is not found exactly once: the mutant must follow the code. */
export function mutate(original: string, { name, file, replacements }: Mutant): string {
  return replacements.reduce((text, [find, replacement]) => {
    const pieces = text.split(find)
    if (pieces.length !== 2) throw new Error(`mutant ${name}: ${file} has the text ${JSON.stringify(find)} ${pieces.length - 1} times instead of once`)
    return pieces.join(replacement)
  }, original)
}
