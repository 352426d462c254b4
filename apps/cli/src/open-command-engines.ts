import { BadConfigError } from '@millrace/config/read-settings'
import { noFailpoints } from '@millrace/runtime/failpoints'
import { systemRandom } from '@millrace/runtime/system-random'
import type { EnginesOptions } from '@millrace/service/engines'
import { StoppedEarlyError } from '@millrace/service/open-patiently'
import { readServiceSettings, type ServiceSettings } from '@millrace/service/settings'
import { createLog } from '@millrace/telemetry/log'
import type { CommandCall } from './command.ts'
import { CommandError } from './command-error.ts'

/**
 * Runs a command that speaks to the engines itself, with the services' settings. @throws {CommandError} a setting is wrong, or the person gave up waiting.
 */
export async function withEngineSettings<T>({ environment, clock, signal }: CommandCall, work: (settings: ServiceSettings, options: EnginesOptions) => Promise<T>): Promise<T> {
  try {
    const settings = readServiceSettings(Object.fromEntries(Object.entries(environment).filter(([name]) => !OWN_VARIABLES.test(name))))
    return await work(settings, { name: 'cli', clock, random: systemRandom, log: createLog(settings.logLevel), failpoints: noFailpoints, signal })
  } catch (error) {
    if (error instanceof BadConfigError) throw new CommandError('usage', error.message, { cause: error })
    if (error instanceof StoppedEarlyError) throw new CommandError('unavailable', error.message, { cause: error })
    throw error
  }
}

/** Of the commands that speak to the gateway; the services know no such settings. */
const OWN_VARIABLES = /^MILLRACE_(?:URL|ADMIN_KEY|API_KEY|SERVICE_URLS)(?:_FILE)?$/
