import { describeOn } from '@millrace/simulator/describe-on'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemRandom } from '@millrace/runtime/system-random'
import { createLog } from '@millrace/telemetry/log'
import { BusUnavailableError } from './bus.ts'
import { inspectKafka } from './inspect-kafka.ts'
import { openBus } from './open-bus.ts'

const options = { clientId: 'millrace-test', clock: systemClock, log: createLog('silent') }

describe('what Kafka is', () => {
  it('cannot be told where there is none', async () => {
    await expect(inspectKafka({ ...options, brokers: ['127.0.0.1:1'] }, [])).rejects.toThrow(BusUnavailableError)
  }, 20_000)
})

describeOn('kafka', 'what Kafka is', (address) => {
  it('is told of brokers, and of the topics that there are', async () => {
    const name = `inspected-${systemRandom.text(8)}`
    await using bus = await openBus({ kind: 'kafka', ...options, brokers: [address], replicationFactor: 1, minInsyncReplicas: 1 })
    await bus.createTopic(name, { partitions: 3 })
    const absent = `absent-${systemRandom.text(8)}`
    const { brokers, makesTopics, topics } = await inspectKafka({ ...options, brokers: [address] }, [name, absent])
    expect([brokers, typeof makesTopics, topics.map((topic) => topic.name)]).toEqual([1, 'boolean', [name]])
    expect(topics[0]?.partitions.toSorted((a, b) => a.partition - b.partition)).toEqual([0, 1, 2].map((partition) => ({ partition, hasLeader: true, replicas: 1, inSync: 1 })))
    expect(topics[0]?.settings.get('unclean.leader.election.enable')).toBe('false')
    expect((await inspectKafka({ ...options, brokers: [address] }, [absent])).topics).toEqual([]) // looking has not made it
  })
})
