import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'

/** Runs a program in the foreground of the demo, and ends exactly that one when disposed. */
export function runOwn(command: string, args: readonly string[], logFile: string): OwnProcess {
  const log = openSync(logFile, 'a')
  const child = spawn(command, args, { stdio: ['ignore', log, log] })
  closeSync(log)
  let hasEnded = false
  const ended = new Promise<void>((resolve) => {
    const end = (): void => {
      hasEnded = true
      resolve()
    }
    child.once('exit', end)
    child.once('error', end)
  })
  const stopWithParent = (): void => void child.kill('SIGKILL')
  process.once('exit', stopWithParent)
  return {
    get hasEnded() {
      return hasEnded
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      const slow = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
      await ended
      clearTimeout(slow)
      process.off('exit', stopWithParent)
    },
  }
}

export interface OwnProcess extends AsyncDisposable {
  readonly hasEnded: boolean
}

const STOP_TIMEOUT_MS = 10_000
