/** One crash run; the last line is its verdict. */
import { readOptions } from '../command-line/read-options.ts'
import { runCrashes } from './crash-run.ts'

const options = readOptions('node tools/mutants/crash-run-main.ts [options]: crashes of the whole standalone on a disk that forgets', {
  seed: { default: 1, about: 'plans events and crashes' },
  crashes: { default: 10, about: 'how many' },
})

const { isGreen, verdict, crashes, problems, load } = await runCrashes(options)
for (const problem of problems.slice(0, 10)) console.log(problem)
console.log(`crashes: ${Object.entries(crashes).map(([name, count]) => `${name} ${count}`).join(', ')}; ${load?.attempts ?? 0} attempts, ${load?.unknownRequests ?? 0} requests unknown`)
console.log(`crash run: ${isGreen ? 'GREEN' : 'RED'}: ${verdict?.text ?? problems.at(-1) ?? 'no verdict'}`)
process.exit(isGreen ? 0 : 1) // a life that does not end must not keep the process
