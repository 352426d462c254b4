/** Plants bugs and checks that the crash run notices each of them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readOptions } from '../command-line/read-options.ts'
import { MUTANTS } from './catalogue.ts'
import { copyTree } from './copy-tree.ts'
import { runMutants } from './run-mutants.ts'

const options = readOptions('npm run mutants -- [options]: plants bugs one at a time into a copy of the tree; the crash run must notice each', {
  only: { default: '', about: 'name of one mutant' },
  seeds: { default: 3, about: 'runs that a mutant may survive, and that the code as it is must' },
})

const mutants = MUTANTS.filter(({ name }) => options.only === '' || name === options.only)
const folder = await mkdtemp(join(tmpdir(), 'millrace-mutants-'))
try {
  await copyTree(join(import.meta.dirname, '../..'), folder)
  const [clean, ...results] = await runMutants(folder, mutants, { seeds: options.seeds, onProgress: (line) => console.log(line) })
  const caught = results.filter(({ outcome }) => outcome === 'caught').length
  const isGreen = clean?.outcome === 'survived' && mutants.length > 0 && caught === mutants.length
  console.log(`mutants: ${isGreen ? 'GREEN' : 'RED'}: ${caught} of ${mutants.length} caught, the code as it is ${clean?.outcome === 'survived' ? 'is green' : 'is RED'}`)
  process.exitCode = isGreen ? 0 : 1
} finally {
  await rm(folder, { recursive: true })
}
