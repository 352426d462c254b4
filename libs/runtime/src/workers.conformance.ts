import { defineJob, type Workers } from './workers.ts'

/** The contract of {@link Workers}, run by every adapter's own test file. */
export function describeWorkers(name: string, open: () => Workers): void {
  describe(`${name} keeps the Workers contract`, () => {
    it('answers what the function returns, at once or later', async () => {
      await using workers = open()
      expect(await workers.run(sum, [1, 2, 3])).toBe(6)
      expect(await workers.run(sumLater, [1, 2, 3])).toBe(6)
    })

    it('passes typed arrays, maps and bigints both ways', async () => {
      await using workers = open()
      const value = { bytes: Uint8Array.of(1, 2), map: new Map([['a', 1n]]), absent: undefined, nested: [{ at: new Float64Array([0.5]) }] }
      expect(await workers.run(echo, value)).toEqual(value)
    })

    it('leaves the caller its input as it was', async () => {
      await using workers = open()
      const input = Uint8Array.of(1, 2, 3)
      expect(await workers.run(overwrite, input)).toEqual(Uint8Array.of(9, 9, 9))
      expect(input).toEqual(Uint8Array.of(1, 2, 3))
    })

    it('keeps name and message of what the function throws, and works on afterwards', async () => {
      await using workers = open()
      await expect(workers.run(fail, 'too hot')).rejects.toMatchObject({ name: 'KettleError', message: 'too hot' })
      await expect(workers.run(defineJob<string, void>(import.meta.resolve('./conformance-jobs.ts'), 'absent'), '')).rejects.toThrow('absent')
      await expect(workers.run(defineJob<string, void>('file:///nowhere/absent.ts', 'absent'), '')).rejects.toThrow('absent.ts')
      expect(await workers.run(sum, [4])).toBe(4)
    })

    it('runs many jobs that are asked for at once', async () => {
      await using workers = open()
      const inputs = Array.from({ length: 100 }, (_, i) => [i, i])
      expect(await Promise.all(inputs.map((input) => workers.run(sumLater, input)))).toEqual(inputs.map(([i = 0]) => 2 * i))
    })

    it('refuses jobs once it is closed', async () => {
      const workers = open()
      await workers[Symbol.asyncDispose]()
      await expect(workers.run(sum, [1])).rejects.toThrow()
    })
  })
}

const job = <Input, Output>(name: string): ReturnType<typeof defineJob<Input, Output>> => defineJob<Input, Output>(import.meta.resolve('./conformance-jobs.ts'), name)
const sum = job<readonly number[], number>('sum')
const sumLater = job<readonly number[], number>('sumLater')
const echo = job<unknown, unknown>('echo')
const overwrite = job<Uint8Array, Uint8Array>('overwrite')
const fail = job<string, void>('fail')
