import { ManualClock } from '@millrace/simulator/manual-clock'
import { createAdmission, MAX_RUNNING, MAX_RUNNING_PER_TENANT, TooManyQueriesError, type Admission } from './admission.ts'

const never = new AbortController().signal
const open = (): Admission => createAdmission(new ManualClock())

/** Queries that end when they are told to. */
function gate(scanMs = 1): { readonly query: () => Promise<{ readonly scanMs: number }>; open(): void } {
  let open: () => void = () => undefined
  const opened = new Promise<{ readonly scanMs: number }>((resolve) => {
    open = () => {
      resolve({ scanMs })
    }
  })
  return { query: () => opened, open: () => { open() } }
}

/** Queries that end at once and note that they ran. */
const noting = (order: string[], name: string, scanMs: number) => async (): Promise<{ readonly scanMs: number }> => {
  order.push(name)
  return await Promise.resolve({ scanMs })
}

describe('the admission of queries', () => {
  it('lets a tenant in at once, however many another one runs and has waiting', async () => {
    const admission = open()
    const { query, open: end } = gate()
    const busy = Array.from({ length: MAX_RUNNING * 4 }, async () => await admission.run('busy', never, query))
    expect(await admission.run('other', never, () => Promise.resolve({ scanMs: 3 }))).toEqual({ scanMs: 3 })
    end()
    await Promise.all(busy)
  })

  it('gives tenants that wait the same time to scan, however long the queries of each take', async () => {
    const admission = open()
    const { query, open: end } = gate()
    // All room but for one query is taken.
    const running = Array.from({ length: MAX_RUNNING - 1 }, async (_, index) => await admission.run(`running ${index % 2}`, never, query))
    const order: string[] = []
    const waiting = [
      ...Array.from({ length: 10 }, async () => await admission.run('heavy', never, noting(order, 'heavy', 1000))),
      ...Array.from({ length: 60 }, async () => await admission.run('light', never, noting(order, 'light', 20))),
    ]
    await Promise.all(waiting)
    expect(order.length).toBe(70)
    expect(order.slice(0, order.lastIndexOf('light')).filter((name) => name === 'heavy').length).toBeLessThanOrEqual(3)
    end()
    await Promise.all(running)
  })

  it('refuses a tenant that has too many waiting, and nobody else', async () => {
    const admission = open()
    const { query, open: end } = gate()
    const asked = Array.from({ length: MAX_RUNNING_PER_TENANT + 64 }, async () => await admission.run('busy', never, query))
    await expect(admission.run('busy', never, query)).rejects.toThrow(TooManyQueriesError)
    const other = admission.run('other', never, () => Promise.resolve({ scanMs: 7 }))
    end()
    await Promise.all(asked)
    expect(await other).toEqual({ scanMs: 7 })
  })

  it('forgets a query whose asker went away', async () => {
    const admission = open()
    const { query, open: end } = gate()
    const running = Array.from({ length: MAX_RUNNING_PER_TENANT }, async () => await admission.run('t', never, query))
    const gone = new AbortController()
    const left = admission.run('t', gone.signal, () => Promise.reject(new Error('must not run')))
    gone.abort()
    await expect(left).rejects.toMatchObject({ code: 'QUERY_CANCELLED' })
    end()
    await Promise.all(running)
    expect(await admission.run('t', never, () => Promise.resolve({ scanMs: 1 }))).toEqual({ scanMs: 1 })
  })
})
