import { nicenessOfThread } from './conformance-jobs.ts'
import { openSystemWorkers } from './system-workers.ts'
import { defineJob } from './workers.ts'

const describeOnLinux = process.platform === 'linux' ? describe : describe.skip

describeOnLinux('nice threads', () => {
  const job = defineJob<undefined, number>(import.meta.resolve('./conformance-jobs.ts'), 'nicenessOfThread')

  it('lowers the priority of the workers and of no other thread', async () => {
    const before = await nicenessOfThread()
    await using workers = openSystemWorkers({ threads: 1, niceness: 7 })
    expect(await workers.run(job, undefined)).toBe(before + 7)
    expect(await nicenessOfThread()).toBe(before)
  })
})
