import { ManualClock } from '@millrace/simulator/manual-clock'
import { CatalogUnavailableError } from './catalog.ts'
import { createRememberedLookup, REFRESH_WAIT_MS, STALE_MS } from './remembered-lookup.ts'

describe('a remembered look-up', () => {
  let clock: ManualClock
  let answer: () => Promise<number | undefined>
  let asked: number
  let find: (name: string) => Promise<number | undefined>
  beforeEach(() => {
    clock = new ManualClock()
    asked = 0
    answer = () => Promise.resolve(1)
    find = createRememberedLookup<number | undefined>({
      clock, maxEntries: 2, freshMs: (value) => (value === undefined ? 10 : 1000), mayServeStale: (value) => value !== undefined,
      lookUp: () => {
        asked += 1
        return answer()
      },
    })
  })

  it('asks once while an answer is fresh, and once for many that wait', async () => {
    expect(await Promise.all([find('a'), find('a'), find('a')])).toEqual([1, 1, 1])
    expect(asked).toBe(1)
    await clock.advance(999)
    await find('a')
    expect(asked).toBe(1)
    await clock.advance(2)
    answer = () => Promise.resolve(2)
    expect(await find('a')).toBe(2)
  })

  it('goes on with what it knows while the catalog is down, for as long as is said', async () => {
    await find('a')
    answer = () => Promise.reject(new CatalogUnavailableError('down'))
    await clock.advance(5000)
    expect(await find('a')).toBe(1)
    await expect(find('b')).rejects.toThrow(CatalogUnavailableError)
    await clock.advance(STALE_MS)
    await expect(find('a')).rejects.toThrow(CatalogUnavailableError)
  })

  it('does not wait for a catalog that hangs', async () => {
    await find('a')
    answer = () => new Promise(() => undefined)
    await clock.advance(5000)
    const finding = find('a')
    await clock.advance(REFRESH_WAIT_MS)
    expect(await finding).toBe(1)
    expect(await find('a')).toBe(1) // at once: the clock stands still
  })

  it('never goes on with an absence', async () => {
    answer = () => Promise.resolve(undefined)
    expect(await find('a')).toBeUndefined()
    answer = () => Promise.reject(new CatalogUnavailableError('down'))
    await clock.advance(20)
    await expect(find('a')).rejects.toThrow(CatalogUnavailableError)
  })
})
