import { threadId } from 'node:worker_threads'
import { openInlineWorkers } from './inline-workers.ts'
import { openSystemWorkers } from './system-workers.ts'
import { describeWorkers } from './workers.conformance.ts'
import { defineJob } from './workers.ts'

describeWorkers('system', () => openSystemWorkers({ threads: 2 }))
describeWorkers('inline', openInlineWorkers)

describe('workers', () => {
  const threadOf = defineJob<undefined, number>(import.meta.resolve('./conformance-jobs.ts'), 'threadOf')

  it('are other threads, or this one when they are inline', async () => {
    await using system = openSystemWorkers({ threads: 1 })
    await using inline = openInlineWorkers()
    const thread = await system.run(threadOf, undefined)
    expect(thread).not.toBe(threadId)
    expect(await system.run(threadOf, undefined)).toBe(thread)
    expect(await inline.run(threadOf, undefined)).toBe(threadId)
  })
})
