import { createAdmission, TooManyQueriesError } from './admission.ts'

const never = new AbortController().signal

/** Queries that end when they are told to. */
function gate(): { readonly query: () => Promise<void>; open(): void } {
  let open: () => void = () => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { query: () => opened, open: () => { open() } }
}

describe('the admission of queries', () => {
  it('gives tenants their turn one after the other, however many one of them asks', async () => {
    const admission = createAdmission()
    const { query, open } = gate()
    const running = Array.from({ length: 4 }, async () => await admission.run('busy', never, query))
    const order: string[] = []
    const record = (name: string) => async (): Promise<void> => {
      order.push(name)
      await Promise.resolve()
    }
    const waiting = [...Array.from({ length: 20 }, async () => await admission.run('busy', never, record('busy'))), admission.run('other', never, record('other'))]
    open()
    await Promise.all([...running, ...waiting])
    expect(order.indexOf('other')).toBeLessThan(8)
    expect(order.length).toBe(21)
  })

  it('refuses a tenant that has too many waiting, and nobody else', async () => {
    const admission = createAdmission()
    const { query, open } = gate()
    const asked = Array.from({ length: 68 }, async () => await admission.run('busy', never, query))
    await expect(admission.run('busy', never, query)).rejects.toThrow(TooManyQueriesError)
    const other = admission.run('other', never, () => Promise.resolve('served'))
    open()
    await Promise.all(asked)
    expect(await other).toBe('served')
  })

  it('forgets a query whose asker went away', async () => {
    const admission = createAdmission()
    const { query, open } = gate()
    const running = Array.from({ length: 4 }, async () => await admission.run('t', never, query))
    const gone = new AbortController()
    const left = admission.run('t', gone.signal, () => Promise.reject(new Error('must not run')))
    gone.abort()
    await expect(left).rejects.toMatchObject({ code: 'QUERY_CANCELLED' })
    open()
    await Promise.all(running)
    expect(await admission.run('t', never, () => Promise.resolve(1))).toBe(1)
  })
})
