import { runCrashes } from './crash-run.ts'

describe('the whole system on a disk that forgets', () => {
  it('keeps every acknowledged event once, whenever the power fails', async () => {
    const { isGreen, problems, crashes, verdict } = await runCrashes({ seed: 1, crashes: 7 })
    expect(problems).toEqual([])
    expect(isGreen).toBe(true)
    expect(Object.keys(crashes).sort()).toEqual(['after-append', 'after-store', 'inside-commit', 'inside-sealing', 'random'])
    expect(verdict?.acked).toBeGreaterThan(1000)
  }, 60_000)
})
