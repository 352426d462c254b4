import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { endOnSignals } from './signals.ts'

/** One of our programs as a child process, which answers `/readyz`. */
export interface NodeProcess extends AsyncDisposable {
  readonly pid: number
  readonly url: string
  /** Settles when the process has ended, however. */
  readonly ended: Promise<ProcessEnd>
  /** Resolves with the ms since the start once /readyz answers 200, or 'ended'. @throws when neither happens in {@link READY_TIMEOUT_MS}. */
  ready(): Promise<number | 'ended'>
  kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): void
}

export interface ProcessEnd {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface NodeProcessOptions {
  /** From the root of the tree. */
  readonly main: string
  readonly port: number
  /** Standard output and error are appended to it. */
  readonly logFile: string
  /** Added to the tool's own. */
  readonly environment: Readonly<Record<string, string>>
}

/** Starts a program that listens at a port of loopback. It ends with the tool. */
export function startNodeProcess({ main, port, logFile, environment }: NodeProcessOptions): NodeProcess {
  const startedMs = performance.now()
  const log = openSync(logFile, 'a')
  const child = spawn(process.execPath, [join(import.meta.dirname, '../..', main)], {
    stdio: ['ignore', log, log],
    env: { ...process.env, NODE_ENV: 'production', NODE_COMPILE_CACHE: join(tmpdir(), 'millrace-compile-cache'), MILLRACE_HTTP_HOST: '127.0.0.1', MILLRACE_HTTP_PORT: String(port), MILLRACE_OTLP_GRPC_PORT: '0', ...environment },
  })
  closeSync(log)
  const { pid } = child
  if (pid === undefined) throw new Error(`${main} cannot be started`)
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
    pid, url, ended,
    async ready() {
      while (performance.now() - startedMs < READY_TIMEOUT_MS) {
        if (end !== undefined) return 'ended'
        if (await isReady(url)) return performance.now() - startedMs
        await sleep(POLL_MS)
      }
      throw new Error(`${main} is not ready after ${READY_TIMEOUT_MS} ms:\n${readFileSync(logFile, 'utf8').slice(-2000)}`)
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

/** A restart replays at most some segments, and waits for engines that restart. */
const READY_TIMEOUT_MS = 90_000
const POLL_MS = 50
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
