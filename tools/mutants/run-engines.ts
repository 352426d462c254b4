import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dropKeyspace } from '@millrace/cassandra/cassandra-migrations'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemRandom } from '@millrace/runtime/system-random'
import { addressOf } from '@millrace/simulator/describe-on'
import { createLog } from '@millrace/telemetry/log'
import { startEngineSet } from '../engines/start-engine-set.ts'

/** Where zombie runs work. Disposing removes what they left. */
export interface RunEngines extends AsyncDisposable {
  readonly kafka: string
  readonly cassandra: string
  /** For all runs of one process. */
  readonly keyspace: string
}

/** The engines that `TEST_KAFKA` and `TEST_CASSANDRA` name, or a set of our own, which ends with this process. @throws {EngineError} */
export async function openRunEngines(): Promise<RunEngines> {
  const keyspace = `mutants_${systemRandom.text(10)}`
  const [kafka, cassandra] = [addressOf('kafka'), addressOf('cassandra')]
  if (kafka !== '' && cassandra !== '') {
    const drop = async (): Promise<void> => { await dropKeyspace({ contactPoints: [cassandra], localDataCenter: 'datacenter1', keyspace, clock: systemClock, log: createLog('silent') }) }
    return { kafka, cassandra, keyspace, [Symbol.asyncDispose]: drop }
  }
  const folder = await mkdtemp(join(tmpdir(), 'millrace-mutants-engines-'))
  await chmod(folder, 0o711) // an engine may run as another user than root, who must pass it
  const resources = new AsyncDisposableStack()
  resources.defer(async () => { await rm(folder, { recursive: true, force: true }) })
  try {
    const set = resources.use(await startEngineSet({ folder: join(folder, 'set'), names: ['kafka', 'cassandra'] }))
    return { kafka: set.engine('kafka').address, cassandra: set.engine('cassandra').address, keyspace, [Symbol.asyncDispose]: async () => { await resources.disposeAsync() } }
  } catch (error) {
    await resources.disposeAsync()
    throw error
  }
}
