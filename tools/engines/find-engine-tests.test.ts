import { join } from 'node:path'
import { enginesIn, findEngineTests } from './find-engine-tests.ts'

/** Not written out, or this file would be taken for one that needs engines. */
const call = 'describe' + 'On('

describe('the search for tests that need engines', () => {
  it('knows the engines that a file asks for', () => {
    expect(enginesIn(`${call}'redis', 'the cache', run)\n  ${call}'kafka', 'the bus', run)\n`)).toEqual(['kafka', 'redis'])
    expect(enginesIn("describe('redis', run)")).toEqual([])
  })

  it('expects any engine of a call that does not write it out', () => {
    expect(enginesIn(`for (const engine of both) ${call}engine, 'the cache', run)`)).toEqual(['kafka', 'cassandra', 'elasticsearch', 'redis'])
  })

  it('expects all of a test that needs them all, or a whole system', () => {
    expect(enginesIn(`${call.replace('(', 'All(')}'the services', run)`)).toEqual(['kafka', 'cassandra', 'elasticsearch', 'redis'])
    expect(enginesIn('millrace = await openTest' + 'System()')).toHaveLength(4)
  })

  it("finds the adapters' tests in the tree, and not itself", async () => {
    const tests = await findEngineTests(join(import.meta.dirname, '../..'))
    expect(tests).toContainEqual({ path: 'libs/bus/src/kafka-bus.test.ts', engines: ['kafka'] })
    expect(tests.map(({ path }) => path)).not.toContain('tools/engines/find-engine-tests.test.ts')
  })
})
