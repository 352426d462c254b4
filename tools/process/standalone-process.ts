import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** The standalone as a child process: the real program on a real disk. */
export interface StandaloneProcess extends AsyncDisposable {
  readonly pid: number
  readonly url: string
  readonly adminKey: string
  /** Settles when the process has ended, however. */
  readonly ended: Promise<ProcessEnd>
  /** Resolves with the ms since the start once /readyz answers 200, or 'ended'. @throws when neither happens in {@link READY_TIMEOUT_MS}. */
  ready(): Promise<number | 'ended'>
  kill(signal: 'SIGKILL' | 'SIGTERM'): void
}

export interface ProcessEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface StandaloneOptions {
  readonly port: number
  readonly dataFolder: string
  /** Standard output and error are appended to it. */
  readonly logFile: string
  /** `<name>:<hit>`; see libs/runtime/src/failpoints.ts. */
  readonly failpoints?: string
}

export function startStandalone({ port, dataFolder, logFile, failpoints = '' }: StandaloneOptions): StandaloneProcess {
  const startedMs = performance.now()
  const log = openSync(logFile, 'a')
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../apps/standalone/src/main.ts')], {
    stdio: ['ignore', log, log],
    env: {
      ...process.env, NODE_ENV: 'production', NODE_COMPILE_CACHE: join(tmpdir(), 'millrace-compile-cache'), MILLRACE_HTTP_HOST: '127.0.0.1', MILLRACE_HTTP_PORT: String(port), MILLRACE_DATA_DIR: dataFolder, MILLRACE_FAILPOINTS: failpoints,
      MILLRACE_BOOTSTRAP_API_KEY: BOOTSTRAP_API_KEY, MILLRACE_BOOTSTRAP_ADMIN_KEY: BOOTSTRAP_ADMIN_KEY,
    },
  })
  closeSync(log)
  const { pid } = child
  if (pid === undefined) throw new Error('the standalone cannot be started')
  let end: ProcessEnd | undefined
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.once('exit', (code, signal) => {
      end = { code, signal }
      resolve(end)
    })
  })
  const url = `http://127.0.0.1:${port}`
  const stopWithParent = (): void => void child.kill('SIGKILL')
  process.once('exit', stopWithParent)
  endOnSignals()
  void ended.then(() => process.off('exit', stopWithParent))
  return {
    pid, url, ended, adminKey: BOOTSTRAP_ADMIN_KEY,
    async ready() {
      while (performance.now() - startedMs < READY_TIMEOUT_MS) {
        if (end !== undefined) return 'ended'
        if (await isReady(url)) return performance.now() - startedMs
        await sleep(POLL_MS)
      }
      throw new Error(`the standalone is not ready after ${READY_TIMEOUT_MS} ms:\n${readFileSync(logFile, 'utf8').slice(-2000)}`)
    },
    kill: (signal) => void child.kill(signal),
    async [Symbol.asyncDispose]() {
      if (end === undefined) child.kill('SIGTERM')
      const slow = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
      await ended
      clearTimeout(slow)
    },
  }
}

let isEndingOnSignals = false

/** Signals end the tool through `exit`, so that its children end with it. */
function endOnSignals(): void {
  if (isEndingOnSignals) return
  isEndingOnSignals = true
  for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143]] as const) process.once(signal, () => process.exit(code))
}

/** Keys of a throw-away process on loopback; long enough for the rules of keys. */
const BOOTSTRAP_API_KEY = 'mr_tools_0123456789abcdefghijklmnopqrstuvwxyz0123456789'
const BOOTSTRAP_ADMIN_KEY = 'mr_tools_admin_9876543210zyxwvutsrqponmlkjihgfedcba9876543210'
/** A restart replays at most some segments. */
const READY_TIMEOUT_MS = 60_000
const POLL_MS = 20
const STOP_TIMEOUT_MS = 20_000

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2000), headers: { connection: 'close' } })
    await response.arrayBuffer()
    return response.status === 200
  } catch {
    return false // nobody listens yet
  }
}
