import { BadPipelineError } from './pipeline-document.ts'
import { process } from './pipeline-harness.ts'
import { MAX_CALL_WORK, WorkBudget } from './work-budget.ts'
import { MAX_STATES } from './linear-regex.ts'

/** Patterns that make other engines try very many ways, or their automata large. */
const EVIL: readonly string[] = [
  '(a+)+$', '(a*)*b', '(a|a)*b', '(a|aa)+$', '([a-z]+)*\\d', '(.*)*x', '(.*a){20}', '(.*){30}y', '(x+x+)+y', '(?:a?){60}a{60}', '^(([a-z])+.)+[A-Z]([a-z])+$', '(\\w+\\s?)*$', '(\\d+)+-', '.*.*.*.*=.*', '(a{1,50}){1,20}',
  '\\pL{1,100}\\d', '(?i)(?:foo|bar|baz)+.*(?:qux){1,80}', '.{0,200}b', '(?s).*.*.*\\z', '([^"]|"[^"]*")*,',
].flatMap((pattern) => [pattern, `(?:${pattern})`, `^${pattern}`, `(?i:${pattern})`, `${pattern}|z`, `x?${pattern}`, `(?:${pattern}){1,2}`, `\\b${pattern}`, `(?s:${pattern})`, `[a-z]*${pattern}`])

describe(`${EVIL.length} patterns that are made to be slow`, () => {
  const texts = ['a'.repeat(4_000), 'abcd'.repeat(2_000), `${'xx '.repeat(1_500)}!`, '"'.repeat(3_000), 'é'.repeat(2_000)]

  it('are many', () => {
    expect(EVIL.length).toBeGreaterThanOrEqual(200)
  })

  it.each([['grok', (pattern: string) => ({ type: 'grok', patterns: [pattern] })], ['redact', (pattern: string) => ({ type: 'redact', patterns: [pattern], replacement: '' })]] as const)('in %s each is refused, or is done with within the work that is bounded', async (_, make) => {
    let ran = 0
    for (const pattern of EVIL) {
      const events = texts.map((message) => ({ message }))
      try {
        const { outcomes, events: after } = await process([make(pattern)], events)
        expect(outcomes).toHaveLength(events.length)
        expect(after.every((event) => event !== undefined)).toBe(true)
        ran++
      } catch (error) {
        expect(error).toBeInstanceOf(BadPipelineError)
      }
    }
    expect(ran).toBeGreaterThan(50)
  })

  it('cannot do more in one call, and in one batch, than is allowed', () => {
    const budget = new WorkBudget()
    let calls = 0
    while (budget.take(MAX_CALL_WORK)) calls++
    expect(calls).toBeLessThan(100)
    expect(MAX_STATES * 100).toBeLessThan(MAX_CALL_WORK)
  })
})
