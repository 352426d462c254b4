/** Feeds every decoder damaged inputs: none may end with a fault, and none may take long. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readOptions } from '../command-line/read-options.ts'
import { runFuzz } from './run-fuzz.ts'
import { fuzzTargets } from './targets.ts'

const options = readOptions('npm run fuzz -- [options]: damaged inputs for every decoder', {
  seconds: { default: 600, about: 'how long' },
  seed: { default: 1, about: 'equal seeds make equal inputs' },
  only: { default: '', about: 'targets whose name contains this' },
  folder: { default: 'dist/fuzz', about: 'where inputs that found a fault are kept' },
})

/** Of this thread, without what others on the machine take from it. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}

const targets = (await fuzzTargets()).filter(({ name }) => name.includes(options.only))
const { counts, faults } = runFuzz(targets, { seed: options.seed, seconds: options.seconds, nowMs: () => performance.now(), spentMs: threadMs })
for (const [name, { calls, bytes, refused, slowest }] of counts) {
  console.log(`${name.padEnd(28)} ${String(calls).padStart(9)} inputs, ${(bytes / 1e6).toFixed(0).padStart(6)} MB, ${Math.round((100 * refused) / Math.max(1, calls))} % refused as a whole, slowest call ${Math.round(slowest * 100)} % of its time`)
}
await mkdir(options.folder, { recursive: true })
for (const [index, { target, round, bytes, what }] of faults.entries()) {
  const file = join(options.folder, `${target.replaceAll(/\W+/g, '-')}-${index}.bin`)
  await writeFile(file, bytes)
  console.log(`${target}, round ${round}, ${file}: ${what}`)
}
const calls = [...counts.values()].reduce((sum, count) => sum + count.calls, 0)
console.log(`fuzz: ${faults.length === 0 ? 'GREEN' : 'RED'}: ${calls} inputs for ${targets.length} decoders, ${faults.length} faults`)
process.exitCode = faults.length === 0 ? 0 : 1
