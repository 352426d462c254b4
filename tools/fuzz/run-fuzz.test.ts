import { runFuzz, type FuzzTarget } from './run-fuzz.ts'
import { fuzzTargets } from './targets.ts'

/** A clock that passes a millisecond whenever it is looked at, and what the target says. */
function clockOf(): { nowMs(): number; pass(ms: number): void } {
  let ms = 0
  return { nowMs: () => ms++, pass: (passed) => { ms += passed } }
}

const target = (read: FuzzTarget['read']): FuzzTarget => ({ name: 'planted', inputs: [Buffer.from('{"a":"b"}')], read, isRefusal: (error) => error instanceof SyntaxError })

describe('a fuzz run', () => {
  it('finds a decoder that fails, and not one that refuses', () => {
    const clock = clockOf()
    const parse = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString('utf8'))
    expect(runFuzz([target(parse)], { seed: 1, seconds: 1, nowMs: clock.nowMs }).faults).toEqual([])
    const { faults } = runFuzz([target((bytes) => { if (bytes.includes(0xff)) throw new RangeError('planted') })], { seed: 1, seconds: 1, nowMs: clock.nowMs })
    expect(faults[0]?.what).toContain('planted')
    expect(faults[0]?.bytes.includes(0xff)).toBe(true)
  })

  it('finds a decoder that is slow each time, and not one that was held up once', () => {
    const clock = clockOf()
    let calls = 0
    const heldUp = target(() => { if (calls++ === 0) clock.pass(1000) })
    expect(runFuzz([heldUp], { seed: 1, seconds: 2, nowMs: clock.nowMs }).faults).toEqual([])
    expect(runFuzz([target(() => { clock.pass(400) })], { seed: 1, seconds: 2, nowMs: clock.nowMs }).faults[0]?.what).toMatch(/^took \d+ ms/)
  })

  it('gives a decoder each of its inputs as it is first, those made to take long among them', async () => {
    const [otlp] = (await fuzzTargets()).filter(({ name }) => name === 'otlp protobuf')
    const inputs = otlp?.inputs ?? []
    const seen: Uint8Array[] = []
    runFuzz([{ ...target((bytes) => seen.push(bytes)), inputs }], { seed: 1, seconds: 0.1, nowMs: clockOf().nowMs })
    expect(inputs.some(({ length }) => length > 100_000)).toBe(true)
    expect(seen.slice(0, inputs.length)).toEqual(inputs)
    expect(seen.length).toBeGreaterThan(inputs.length)
  })

  it('makes the same inputs from the same seed, for every decoder that there is', async () => {
    const targets = await fuzzTargets()
    for (const each of targets) expect([each.name, each.inputs.length > 0]).toEqual([each.name, true])
    const record = (): readonly string[] => {
      const seen: string[] = []
      runFuzz([target((bytes) => seen.push(Buffer.from(bytes).toString('base64')))], { seed: 7, seconds: 0.05, nowMs: clockOf().nowMs })
      return seen
    }
    expect(record()).toEqual(record())
    expect(new Set(record()).size).toBeGreaterThan(3)
  })
})
