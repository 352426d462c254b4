import { migrate as migrateEngines } from '@millrace/service/migrate'
import type { Command } from '../command.ts'
import { withEngineSettings } from '../open-command-engines.ts'

/** `millrace migrate`. */
export const migrate: Command = {
  name: 'migrate',
  about: 'Makes what the services need in Cassandra, Elasticsearch and Kafka, or brings it up to this version; safe to repeat.',
  operands: '',
  options: {},
  examples: ['millrace migrate', 'MILLRACE_CASSANDRA_CONTACT_POINTS=10.0.0.5:9042 MILLRACE_PARTITIONS=16 millrace migrate'],
  run: async (call) => {
    const { generation, keys, given } = await withEngineSettings(call, async (settings, options) => ({ ...(await migrateEngines(settings, options)), given: settings }))
    call.print(`generation ${generation.generation} with ${generation.partitions} partitions is there`)
    // Those that were given are known, and this may be the log of a job.
    if (keys.apiKey !== undefined && given.bootstrapApiKey === undefined) call.print(`API key    ${keys.apiKey}`)
    if (keys.adminKey !== undefined && given.bootstrapAdminKey === undefined) call.print(`Admin key  ${keys.adminKey}`)
    return 'ok'
  },
}
