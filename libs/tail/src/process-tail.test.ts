import { openTail } from './open-tail.ts'
import { describeTail } from './tail.conformance.ts'

describeTail('process', async () => {
  const tail = await openTail({ kind: 'process' })
  return { router: tail, watcher: tail }
})
