/** Plants bugs and checks that the runs notice each of them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readOptions } from '../command-line/read-options.ts'
import { MUTANTS } from './catalogue.ts'
import { copyTree } from './copy-tree.ts'
import type { RunKind } from './mutant.ts'
import { openRunEngines } from './run-engines.ts'
import { runMutants, type MutantResult } from './run-mutants.ts'

const options = readOptions('npm run mutants -- [options]: plants bugs one at a time into a copy of the tree; a run must notice each', {
  kind: { default: 'all', about: 'crash: those of the standalone; zombie: those of Kafka and Cassandra, started unless TEST_KAFKA and TEST_CASSANDRA name some; all' },
  only: { default: '', about: 'name of one mutant' },
  seeds: { default: 3, about: 'runs that a mutant may survive, and that the code as it is must' },
})

const KINDS: readonly RunKind[] = ['crash', 'zombie']
const mutants = MUTANTS.filter(({ run, name }) => (options.kind === 'all' || run === options.kind) && (options.only === '' || name === options.only))
const folder = await mkdtemp(join(tmpdir(), 'millrace-mutants-'))
try {
  await copyTree(join(import.meta.dirname, '../..'), folder)
  const cleans: MutantResult[] = []
  const results: MutantResult[] = []
  for (const kind of KINDS.filter((each) => mutants.some(({ run }) => run === each))) {
    const [clean, ...planted] = await runKind(kind)
    if (clean !== undefined) cleans.push(clean)
    results.push(...planted)
  }
  const caught = results.filter(({ outcome }) => outcome === 'caught').length
  const isCleanGreen = cleans.length > 0 && cleans.every(({ outcome }) => outcome === 'survived')
  const isGreen = isCleanGreen && caught === mutants.length
  console.log(`mutants: ${isGreen ? 'GREEN' : 'RED'}: ${caught} of ${mutants.length} caught, the code as it is ${isCleanGreen ? 'is green' : 'is RED'}`)
  process.exitCode = isGreen ? 0 : 1
} finally {
  await rm(folder, { recursive: true })
}

async function runKind(kind: RunKind): Promise<readonly MutantResult[]> {
  const own = { kind, seeds: options.seeds, onProgress: (line: string) => { console.log(line) } }
  const planted = mutants.filter(({ run }) => run === kind)
  if (kind === 'crash') return await runMutants(folder, planted, { ...own, arguments: [] })
  console.log('zombie runs need Kafka and Cassandra; the first time their programs are fetched')
  await using engines = await openRunEngines()
  return await runMutants(folder, planted, { ...own, arguments: ['--kafka', engines.kafka, '--cassandra', engines.cassandra, '--keyspace', engines.keyspace] })
}
