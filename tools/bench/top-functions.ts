import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BenchPart } from './bench-system.ts'

/** From one moment to another, microseconds of the machine's monotonic clock, by which profiles are stamped. */
export interface ProfileWindow {
  readonly name: string
  readonly startUs: number
  readonly endUs: number
}

/** Now, on the clock of the windows. */
export function profileClockUs(): number {
  return Number(process.hrtime.bigint() / 1000n)
}

/** A function and the share of its part's busy time that it spends itself. */
export interface TopFunction {
  readonly part: string
  readonly name: string
  readonly share: number
  readonly seconds: number
}

/** Settings that make a Node process write profiles of its threads into `folder` when it ends. */
export function profileEnvironment(folder: string): Readonly<Record<string, string>> {
  return { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${folder}` }
}

/** The functions with the most self time of each part in a window, from the profiles in `folder` of all its threads. */
export async function readTopFunctions(folder: string, { parts, window, count }: { readonly parts: readonly BenchPart[]; readonly window: ProfileWindow; readonly count: number }): Promise<readonly TopFunction[]> {
  const seconds = new Map(parts.map(({ name }) => [name, new Map<string, number>()]))
  for (const file of await readdir(folder)) {
    const pid = Number(PROFILE_NAME.exec(file)?.[1])
    const functions = seconds.get(parts.find(({ pids }) => pids.includes(pid))?.name ?? '')
    if (functions !== undefined) addSelfTime(JSON.parse(await readFile(join(folder, file), 'utf8')) as CpuProfile, window, functions) // written by Node
  }
  return [...seconds].flatMap(([part, functions]) => {
    const busy = [...functions.values()].reduce((sum, own) => sum + own, 0)
    return [...functions].sort(([, a], [, b]) => b - a).slice(0, count).map(([name, own]) => ({ part, name, share: own / busy, seconds: own }))
  })
}

/** CPU.<day>.<time>.<pid>.<thread>.<number>.cpuprofile */
const PROFILE_NAME = /^CPU\.\d+\.\d+\.(\d+)\.\d+\.\d+\.cpuprofile$/

/** What is read here of V8's format. */
interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number } }[]
  readonly startTime: number
  readonly samples: readonly number[]
  /** Microseconds, one of each sample. */
  readonly timeDeltas: readonly number[]
}

function addSelfTime({ nodes, startTime, samples, timeDeltas }: CpuProfile, { startUs, endUs }: ProfileWindow, functions: Map<string, number>): void {
  const names = new Map(nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => [id, IDLE.has(functionName) ? undefined : `${functionName || '(anonymous)'} ${placeOf(url)}${url === '' ? '' : `:${lineNumber + 1}`}`]))
  let atUs = startTime
  for (const [index, id] of samples.entries()) {
    atUs += timeDeltas[index] ?? 0
    const name = names.get(id)
    if (name !== undefined && atUs >= startUs && atUs < endUs) functions.set(name, (functions.get(name) ?? 0) + (timeDeltas[index] ?? 0) / 1e6)
  }
}

/** `(program)` is mostly waiting in system calls, which V8 cannot tell from work; in the last a worker thread waits for its next job. */
const IDLE: ReadonlySet<string> = new Set(['(idle)', '(root)', '(program)', 'atomicsWaitLoop'])

/** From the root of the tree. */
function placeOf(url: string): string {
  return url.startsWith('file:') ? fileURLToPath(url).replace(ROOT, '') : url
}

const ROOT = join(import.meta.dirname, '../..') + '/'
