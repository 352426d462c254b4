import { spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Mutant, RunKind } from './mutant.ts'
import { plant } from './mutant.ts'

export interface MutantResult {
  readonly name: string
  readonly about: string
  /** `caught`: a run was red. `survived`: all were green. `broken`: a run gave no verdict. */
  readonly outcome: 'caught' | 'survived' | 'broken'
  readonly seeds: number
  readonly detail: string
}

export interface RunMutantsOptions {
  /** Of all the mutants. */
  readonly kind: RunKind
  readonly seeds: number
  /** What each run is told beside its seed. */
  readonly arguments: readonly string[]
  readonly onProgress: (line: string) => void
}

/** Runs the tree as it is, which must be green, and then with each mutant, until a seed turns red. The first result is that of the tree as it is. */
export async function runMutants(tree: string, mutants: readonly Mutant[], { onProgress, ...options }: RunMutantsOptions): Promise<readonly MutantResult[]> {
  const results: MutantResult[] = []
  const note = (result: MutantResult): void => {
    results.push(result)
    onProgress(`${result.outcome.padEnd(8)} ${result.name} after ${result.seeds} seed(s): ${result.detail}`)
  }
  const clean = await runSeeds(tree, options)
  note({ name: 'the code as it is', about: 'must survive', ...clean })
  if (clean.outcome !== 'survived') return results
  for (const mutant of mutants) {
    const takeOut = plant(tree, mutant)
    try {
      note({ name: mutant.name, about: mutant.about, ...(await runSeeds(tree, options)) })
    } finally {
      takeOut()
    }
  }
  return results
}

type RunOptions = Omit<RunMutantsOptions, 'onProgress'>

async function runSeeds(tree: string, options: RunOptions): Promise<Pick<MutantResult, 'outcome' | 'seeds' | 'detail'>> {
  const { kind, seeds } = options
  let detail = ''
  for (let seed = 1; seed <= seeds; seed++) {
    const output = await runOnce(tree, seed, options)
    detail = output.trimEnd().split('\n').at(-1) ?? ''
    if (detail.startsWith(`${kind} run: RED`)) return { outcome: 'caught', seeds: seed, detail }
    if (!detail.startsWith(`${kind} run: GREEN`)) return { outcome: 'broken', seeds: seed, detail: output.slice(-1000) }
  }
  return { outcome: 'survived', seeds, detail }
}

/** A run ends by itself well before: a crash run takes 10 s, a zombie run too, and 40 s more when it waits for what never comes; all of it longer on a busy machine. */
const RUN_TIMEOUT_MS = 240_000

function runOnce(tree: string, seed: number, { kind, arguments: given }: RunOptions): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(tree, `tools/mutants/${kind}-run-main.ts`), '--seed', String(seed), ...given], { timeout: RUN_TIMEOUT_MS, killSignal: 'SIGKILL' })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.once('close', () => resolve(output))
  })
}
