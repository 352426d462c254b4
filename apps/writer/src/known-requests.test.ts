import { createKnownRequests } from './known-requests.ts'

const request = (id: string, expiresMs: number) => ({ tenantId: 't', id, part: 0, expiresMs })

describe('the requests that a stream knows', () => {
  it('are new once within their window, and again after it', () => {
    const known = createKnownRequests()
    expect(known.add(request('a', 100), 0)).toBe(true)
    expect(known.add(request('a', 150), 50)).toBe(false)
    expect(known.add(request('a', 250), 100)).toBe(true)
  })

  it('differ by tenant, id and part', () => {
    const known = createKnownRequests()
    for (const other of [request('a', 100), request('b', 100), { ...request('a', 100), part: 1 }, { ...request('a', 100), tenantId: 'u' }]) expect(known.add(other, 0)).toBe(true)
    expect(known.size).toBe(4)
  })

  it('are forgotten when they expire, and when they were not stored after all', () => {
    const known = createKnownRequests()
    known.add(request('a', 100), 0)
    known.add(request('b', 200), 0)
    known.expire(100)
    expect(known.size).toBe(1)
    known.remove(request('b', 200))
    expect(known.add(request('b', 200), 0)).toBe(true)
  })
})
