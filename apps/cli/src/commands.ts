import type { Command } from './command.ts'
import { capacity } from './commands/capacity.ts'
import { check } from './commands/check.ts'
import { discardDeadLetters } from './commands/discard-dead-letters.ts'
import { KEY_COMMANDS } from './commands/keys.ts'
import { doctor } from './commands/doctor.ts'
import { listDeadLetters } from './commands/list-dead-letters.ts'
import { migrate } from './commands/migrate.ts'
import { query } from './commands/query.ts'
import { rebuild } from './commands/rebuild.ts'
import { replayDeadLetters } from './commands/replay-dead-letters.ts'
import { showDeadLetter } from './commands/show-dead-letter.ts'
import { signIn } from './commands/sign-in.ts'
import { status } from './commands/status.ts'
import { tail } from './commands/tail.ts'
import { TENANT_COMMANDS } from './commands/tenants.ts'
import { usage } from './commands/usage.ts'

/** Everything that `millrace` can do, in the order of its help. */
export const COMMANDS: readonly Command[] = [
  migrate, check, doctor, status, query, tail, usage, ...TENANT_COMMANDS, ...KEY_COMMANDS, signIn, listDeadLetters, showDeadLetter, replayDeadLetters, discardDeadLetters, rebuild, capacity,
]
