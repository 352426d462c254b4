import type { QueryEngine } from '@millrace/query-engine/query-engine'
import { createThreadedEngine, engineMethods } from './threaded-engine.ts'
import { withTraces } from './traced-engine.ts'

describe('an engine in another thread', () => {
  it('is asked every kind of question, with its signal, and gives back what it is answered', async () => {
    const signal = new AbortController().signal
    const asked: unknown[] = []
    const answering = (name: string) => async (request: unknown, own: AbortSignal): Promise<unknown> => {
      asked.push([name, request, own === signal])
      return await Promise.resolve(`answer to ${name}`)
    }
    const names = ['list', 'aggregate', 'facets', 'patterns', 'usage'] as const satisfies readonly Exclude<keyof QueryEngine, symbol>[]
    const engine = Object.fromEntries(names.map((name) => [name, answering(name)])) as unknown as QueryEngine
    const methods = engineMethods(engine)
    expect(Object.keys(methods)).toEqual([...names])
    const threaded = createThreadedEngine({
      call: async (method, input, callSignal) => await methods[method]?.(input as never, callSignal),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    })
    const traced = withTraces(threaded)
    for (const name of names) expect(await (traced[name] as (request: object, signal: AbortSignal) => Promise<unknown>)({ of: name }, signal)).toBe(`answer to ${name}`)
    expect(asked).toEqual(names.map((name) => [name, { of: name }, true]))
  })
})
