import type { Surroundings } from '@millrace/cli/command'
import type { ExitCode } from '@millrace/cli/exit-code'
import { runCli } from '@millrace/cli/run-cli'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemRandom } from '@millrace/runtime/system-random'

export interface MillraceRun {
  readonly code: ExitCode
  /** What it answered, in lines. */
  readonly out: string
  /** What it said about its answer. */
  readonly about: string
}

/** Runs the command line `millrace <line>`, cut at its blanks, in this process. `watch` sees each line of the answer as it is printed. */
export async function runMillrace(line: string, environment: Surroundings['environment'], { signal = new AbortController().signal, watch }: { readonly signal?: AbortSignal; readonly watch?: (line: string) => void } = {}): Promise<MillraceRun> {
  const out: string[] = []
  const about: string[] = []
  const code = await runCli(line.split(' ').filter((word) => word !== ''), {
    environment, clock: systemClock, random: systemRandom, signal,
    print: (text) => {
      out.push(text)
      watch?.(text)
    },
    remark: (text) => about.push(text),
  })
  return { code, out: out.join('\n'), about: about.join('\n') }
}
