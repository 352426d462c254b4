import type { Clock } from '@millrace/runtime/clock'
import type { Random } from '@millrace/runtime/random'
import type { ExitCode } from './exit-code.ts'

/** One thing that `millrace` can be told to do; `commands.ts` has them all. */
export interface Command {
  /** The words that name it, `dead-letters list`. */
  readonly name: string
  /** One sentence. */
  readonly about: string
  /** What stands behind the name, `<id>...`; empty when nothing does. */
  readonly operands: string
  readonly options: CommandOptions
  /** Whole command lines. */
  readonly examples: readonly string[]
  /** @throws {CommandError} */
  readonly run: (call: CommandCall) => Promise<ExitCode>
}

export type CommandOptions = Readonly<Record<string, CommandOption>>

export interface CommandOption {
  /** What stands for its value in the help; undefined for a switch. */
  readonly value: string | undefined
  readonly about: string
}

/** What a command was given. */
export interface CommandCall extends Surroundings {
  readonly operands: readonly string[]
  /** Texts of the options that were given. A switch has the text `true`. */
  readonly options: Readonly<Record<string, string>>
}

/** The process around a command. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly clock: Clock
  readonly random: Random
  /** Aborts when the person gives up. */
  readonly signal: AbortSignal
  /** Writes a line of the answer. */
  readonly print: (line: string) => void
  /** Writes a line about the answer, which is not part of it. */
  readonly remark: (line: string) => void
}
