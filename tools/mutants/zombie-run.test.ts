import { dropKeyspace } from '@millrace/cassandra/cassandra-migrations'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemRandom } from '@millrace/runtime/system-random'
import { describeOn } from '@millrace/simulator/describe-on'
import { createLog } from '@millrace/telemetry/log'
import { runZombies } from './zombie-run.ts'

describeOn('kafka', 'routers and writers that lose replies and are replaced', (kafka) => {
  describeOn('cassandra', 'with the catalog', (cassandra) => {
    const keyspace = `mutants_${systemRandom.text(10)}`
    afterAll(async () => { await dropKeyspace({ contactPoints: [cassandra], localDataCenter: 'datacenter1', keyspace, clock: systemClock, log: createLog('silent') }) }, 60_000)

    it('store every event once, and nothing of a zombie', async () => {
      const { problems, events, happened } = await runZombies({ seed: 1, kafka, cassandra, keyspace })
      expect(problems).toEqual([])
      expect(events).toBeGreaterThan(200)
      expect(Object.keys(happened)).toEqual(expect.arrayContaining([
        'append lost reply', 'append not done', 'commit lost reply', 'commit not done',
        "router frozen in append, thawed after its successor's append", "writer frozen in commit, thawed after its successor's claim", "writer frozen in put, thawed after its successor's commit",
      ]))
    }, 240_000)
  })
})
