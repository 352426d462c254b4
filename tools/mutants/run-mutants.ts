import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Mutant } from './mutant.ts'
import { plant } from './mutant.ts'

export interface MutantResult {
  readonly name: string
  readonly about: string
  /** `caught`: a run was red. `survived`: all were green. `broken`: a run gave no verdict. */
  readonly outcome: 'caught' | 'survived' | 'broken'
  readonly seeds: number
  readonly detail: string
}

/** Runs the tree as it is, which must be green, and then with each mutant, until a seed turns red. */
export async function runMutants(tree: string, mutants: readonly Mutant[], { seeds, onProgress }: { readonly seeds: number; readonly onProgress: (line: string) => void }): Promise<readonly MutantResult[]> {
  const results: MutantResult[] = []
  const note = (result: MutantResult): void => {
    results.push(result)
    onProgress(`${result.outcome.padEnd(8)} ${result.name} after ${result.seeds} seed(s): ${result.detail}`)
  }
  const clean = await runSeeds(tree, seeds)
  note({ name: 'the code as it is', about: 'must survive', ...clean })
  if (clean.outcome !== 'survived') return results
  for (const mutant of mutants) {
    const takeOut = plant(tree, mutant)
    try {
      note({ name: mutant.name, about: mutant.about, ...(await runSeeds(tree, seeds)) })
    } finally {
      takeOut()
    }
  }
  return results
}

async function runSeeds(tree: string, seeds: number): Promise<Pick<MutantResult, 'outcome' | 'seeds' | 'detail'>> {
  let detail = ''
  for (let seed = 1; seed <= seeds; seed++) {
    const output = await runOnce(tree, seed)
    detail = output.trimEnd().split('\n').at(-1) ?? ''
    if (detail.startsWith('crash run: RED')) return { outcome: 'caught', seeds: seed, detail }
    if (!detail.startsWith('crash run: GREEN')) return { outcome: 'broken', seeds: seed, detail: output.slice(-1000) }
  }
  return { outcome: 'survived', seeds, detail }
}

/** A run ends by itself well before. */
const RUN_TIMEOUT_MS = 120_000

function runOnce(tree: string, seed: number): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(tree, 'tools/mutants/crash-run-main.ts'), '--seed', String(seed)], { timeout: RUN_TIMEOUT_MS, killSignal: 'SIGKILL' })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.once('close', () => resolve(output))
  })
}
