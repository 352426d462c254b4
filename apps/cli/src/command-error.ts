import type { ExitCode } from './exit-code.ts'

/** Ends a command with one sentence for the person who gave it. The sentence holds no key. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly code = 'COMMAND_FAILED'
  readonly retryable = false
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
  }
}
