import { rebuildIndex } from '@millrace/indexer/rebuild-index'
import { openSystemWorkers } from '@millrace/runtime/system-workers'
import { createEngines } from '@millrace/service/engines'
import { createLog } from '@millrace/telemetry/log'
import type { Command } from '../command.ts'
import { CommandError } from '../command-error.ts'
import { withEngineSettings } from '../open-command-engines.ts'
import { printableJson } from '../printable.ts'
import { JSON_OPTION } from '../read-option.ts'

/** `millrace rebuild`. */
export const rebuild: Command = {
  name: 'rebuild',
  about: 'Makes the fragment index in Elasticsearch again from Cassandra; what is there already is left, and searches go on meanwhile.',
  operands: '',
  options: {
    tenant: { value: 'id', about: 'only of this tenant' },
    all: { value: undefined, about: 'also fragments that an index holds already' },
    ...JSON_OPTION,
  },
  examples: ['millrace rebuild', 'millrace rebuild --tenant team-b --all'],
  run: async (call) => {
    const { tenant, all } = call.options
    const { rows, indexed, left } = await withEngineSettings(call, async (settings, options) => {
      await using resources = new AsyncDisposableStack()
      const engines = createEngines(resources, settings, options)
      const catalog = await engines.openCatalog()
      if (tenant !== undefined && (await catalog.findTenant(tenant)) === undefined) throw new CommandError('error', `there is no tenant ${tenant}`)
      const ports = { catalog, store: await engines.openStore(), index: await engines.openIndex() }
      const workers = resources.use(openSystemWorkers({ threads: WORKER_THREADS }))
      return await rebuildIndex({ ...ports, workers, clock: call.clock, log: createLog(settings.logLevel) }, { ...(tenant === undefined ? {} : { tenants: [tenant] }), all: all !== undefined })
    })
    call.print(call.options['json'] !== undefined ? printableJson({ rows, indexed, left }) : `${rows} fragments, ${indexed} indexed now, ${left} left`)
    if (left > 0) call.remark('those that were left could not be read or were refused; the log above says why, and searches look into them in any case')
    return left === 0 ? 'ok' : 'error'
  },
}

/** Beside the indexers, which have the machine's cores. */
const WORKER_THREADS = 1
