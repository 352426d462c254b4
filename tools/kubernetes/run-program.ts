import { spawn } from 'node:child_process'
import { KubernetesError } from './kubernetes-error.ts'

export interface RunOptions {
  readonly input?: string
  readonly cwd?: string
  /** Added to the tool's own. */
  readonly env?: Readonly<Record<string, string>>
  /** Ended with SIGKILL then. */
  readonly timeoutMs?: number
}

/** Runs a program to its end and returns its standard output. @throws {KubernetesError} it is missing, fails or takes too long; with the end of what it said. */
export async function runProgram(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { status, stdout, stderr } = await tryProgram(command, args, options)
  if (status !== 0) throw new KubernetesError(`${[command, ...args].join(' ').slice(0, MAX_SHOWN_COMMAND)} ended with ${status}: ${(stderr || stdout).trim().slice(-MAX_SHOWN_OUTPUT)}`)
  return stdout
}

export interface ProgramEnd {
  /** Its exit code, or what kept it from having one. */
  readonly status: number | string
  readonly stdout: string
  readonly stderr: string
}

/** As {@link runProgram}, for programs whose failure is an answer. */
export async function tryProgram(command: string, args: readonly string[], { input, cwd, env = {}, timeoutMs = DEFAULT_TIMEOUT_MS }: RunOptions = {}): Promise<ProgramEnd> {
  const child = spawn(command, args, { cwd, stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env }, timeout: timeoutMs, killSignal: 'SIGKILL' })
  const outputs = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) child[name].setEncoding('utf8').on('data', (chunk: string) => { outputs[name] += chunk })
  child.stdin.on('error', () => undefined) // it may end without reading all
  child.stdin.end(input)
  const status = await new Promise<number | string>((resolve) => {
    child.once('error', ({ message }) => { resolve(message) })
    child.once('close', (code, signal) => { resolve(code ?? signal ?? 'nothing') })
  })
  return { status, ...outputs }
}

/** Nothing that is asked of kubectl, openssl or ip takes longer on a busy machine. */
const DEFAULT_TIMEOUT_MS = 120_000
/** In characters: a manifest among the arguments would hide what was said. */
const MAX_SHOWN_COMMAND = 300
const MAX_SHOWN_OUTPUT = 2000
