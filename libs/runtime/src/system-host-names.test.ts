import { systemHostNames } from './system-host-names.ts'

describe("the machine's host names", () => {
  it('stand for addresses, and an address for itself', async () => {
    expect(await systemHostNames.lookUp('localhost')).toContain('127.0.0.1')
    expect(await systemHostNames.lookUp('127.0.0.3')).toEqual(['127.0.0.3'])
    expect(await systemHostNames.lookUp('::1')).toEqual(['::1'])
  })
})
