import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildBodies, type Bodies } from './build-bodies.ts'

describe('the bodies of a bench', () => {
  const BASE_MS = Date.parse('2026-01-01T00:00:00Z')
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bodies-'))
  })
  afterEach(async () => await rm(folder, { recursive: true }))
  const build = async (): Promise<Bodies> => await buildBodies({ path: join(folder, 'bodies.ndjson'), events: 500, seed: 1, baseMs: BASE_MS, spanMs: 59_000, endMs: BASE_MS + 60_000, bodyBytes: 50_000 })

  it('end with one event after the others, behind a gap, which counts in no figure', async () => {
    const { path, figures } = await build()
    const times = (await readFile(path, 'latin1')).trimEnd().split('\n').filter((_, line) => line % 2 === 1).map((line) => Date.parse((JSON.parse(line) as { timestamp: string }).timestamp))
    expect(times).toHaveLength(501)
    expect(times.at(-1)).toBe(BASE_MS + 60_000)
    expect(Math.max(...times.slice(0, -1))).toBeLessThan(BASE_MS + 59_000)
    expect(figures.events).toBe(500)
  })

  it('lie one after the other in the file, cut between events', async () => {
    const { path, places } = await build()
    const bytes = await readFile(path)
    let end = 0
    let events = 0
    for (const place of places) {
      expect(place.position).toBe(end)
      end += place.bytes
      const lines = bytes.subarray(place.position, end).toString('latin1').trimEnd().split('\n')
      expect(lines.length).toBe(place.events * 2)
      events += place.events
    }
    expect(places.length).toBeGreaterThan(2)
    expect([end, events]).toEqual([bytes.length, 501])
  })
})
