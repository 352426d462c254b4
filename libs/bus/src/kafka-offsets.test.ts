import type { KafkaAdmin } from './kafka-admin.ts'
import { KafkaOffsets } from './kafka-offsets.ts'

describe('offsets of a Kafka topic', () => {
  it('are read once for all who ask before the request leaves, and again for who asks after', async () => {
    const answers: ((end: number) => void)[] = []
    const run = (): Promise<unknown> => new Promise((resolve) => { answers.push((end) => { resolve([0, 1].map((partition) => ({ partition, low: '0', high: String(end + partition), offset: '0' }))) }) })
    const offsets = new KafkaOffsets({ run: run as KafkaAdmin['run'] })
    const first = [offsets.read('t', 0), offsets.read('t', 1)]
    await new Promise((resolve) => setImmediate(resolve))
    const later = [offsets.read('t', 0), offsets.read('t', 1)]
    expect(answers).toHaveLength(1)
    answers[0]?.(5)
    expect(await Promise.all(first)).toEqual([{ start: 0, end: 5 }, { start: 0, end: 6 }])
    await new Promise((resolve) => setImmediate(resolve))
    expect(answers).toHaveLength(2)
    answers[1]?.(7)
    expect(await Promise.all(later)).toEqual([{ start: 0, end: 7 }, { start: 0, end: 8 }])
  })
})
