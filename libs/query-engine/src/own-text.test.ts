import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { ownText } from './own-text.ts'
import { messagePattern } from './patterns/message-pattern.ts'

describe('a text of its own', () => {
  it('lets go of the text that it was cut out of', () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    collect()
    const before = process.memoryUsage().heapUsed
    const kept = new Set<string>()
    // Patterns of 200 MB of messages, which would all stay.
    for (let i = 0; i < 200; i++) kept.add(ownText(messagePattern(Buffer.from(`${String.fromCharCode(97 + (i % 26), 97 + Math.floor(i / 26))}${' words'.repeat(170_000)}`).toString())))
    collect()
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(50_000_000)
    expect(kept.size).toBe(200)
  })

  it('is the same text', () => {
    for (const text of ['', 'plain', 'é😀', '*…']) expect(ownText(text)).toBe(text)
  })
})
