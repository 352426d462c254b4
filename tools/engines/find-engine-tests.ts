import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EngineName } from '@millrace/simulator/describe-on'
import { ENGINE_NAMES } from './engine.ts'

/** A test file that needs engines, and which. */
export interface EngineTest {
  /** Relative to the root. */
  readonly path: string
  readonly engines: readonly EngineName[]
}

/** Every test file below the root's sources that calls `describeOn` or `describeOnAll`, or opens a whole system, which is then the services; found by its text, so that a new one is never forgotten. In order of their paths. */
export async function findEngineTests(root: string): Promise<readonly EngineTest[]> {
  const found: EngineTest[] = []
  for (const top of SOURCE_FOLDERS) {
    for (const name of await readdir(join(root, top), { recursive: true })) {
      if (!name.endsWith('.test.ts') || /(^|\/)(node_modules|dist)\//.test(name)) continue
      const engines = enginesIn(await readFile(join(root, top, name), 'utf8'))
      if (engines.length > 0) found.push({ path: join(top, name), engines })
    }
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1))
}

const SOURCE_FOLDERS = ['libs', 'apps', 'tools']

/** The engines that a test file's text asks for. A call whose engine is not written out could need any. */
export function enginesIn(text: string): readonly EngineName[] {
  if (/\b(?:describeOnAll|openTestSystem)\(/.test(text)) return ENGINE_NAMES
  const calls = [...text.matchAll(/\bdescribeOn\((?:'(\w+)')?/g)]
  return ENGINE_NAMES.filter((name) => calls.some(([, called]) => called === undefined || called === name))
}
