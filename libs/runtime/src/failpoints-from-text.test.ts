import { spawnSync } from 'node:child_process'
import { noFailpoints } from './failpoints.ts'
import { failpointsFromText } from './failpoints-from-text.ts'

describe('failpoints', () => {
  const program = (text: string): string => `
    const { failpointsFromText } = await import(${JSON.stringify(import.meta.resolve('./failpoints-from-text.ts'))})
    const failpoints = failpointsFromText(${JSON.stringify(text)})
    for (let i = 1; i <= 3; i++) {
      failpoints.hit('after-append')
      process.stdout.write(String(i))
      failpoints.hit('after-store')
    }`

  it.each([['after-append:1', ''], ['after-append:3', '12'], ['after-store:1', '1']])('end the process at the named hit (%s)', (text, reached) => {
    const { signal, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program(text)], { encoding: 'utf8' })
    expect([signal, stdout]).toEqual(['SIGKILL', reached])
  })

  it('do nothing without a text, or before their hit', () => {
    expect(failpointsFromText(undefined)).toBe(noFailpoints)
    expect(failpointsFromText('')).toBe(noFailpoints)
    const failpoints = failpointsFromText('inside-commit:2')
    failpoints.hit('inside-commit')
    for (let i = 0; i < 5; i++) failpoints.hit('inside-sealing')
  })

  it('refuse a text that names nothing', () => {
    for (const text of ['unknown:1', 'after-append', 'after-append:0', 'after-append:x', 'after-append:1.5']) expect(() => failpointsFromText(text)).toThrow()
  })
})
