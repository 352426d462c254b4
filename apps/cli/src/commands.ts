import type { Command } from './command.ts'
import { check } from './commands/check.ts'
import { discardDeadLetters } from './commands/discard-dead-letters.ts'
import { listDeadLetters } from './commands/list-dead-letters.ts'
import { migrate } from './commands/migrate.ts'
import { rebuild } from './commands/rebuild.ts'
import { replayDeadLetters } from './commands/replay-dead-letters.ts'
import { showDeadLetter } from './commands/show-dead-letter.ts'
import { signIn } from './commands/sign-in.ts'

/** Everything that `millrace` can do, in the order of its help. */
export const COMMANDS: readonly Command[] = [migrate, check, rebuild, signIn, listDeadLetters, showDeadLetter, replayDeadLetters, discardDeadLetters]
