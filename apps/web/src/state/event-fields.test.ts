import type { LogEvent } from '../api/types.ts'
import { fieldsOf, fieldText } from './event-fields.ts'
import { levelOf } from './status-level.ts'

const event = (attributes: object): LogEvent => ({ id: 'x', attributes: { timestamp: '2026-11-26T12:00:00Z', ...attributes } })

describe('what an event says', () => {
  it('stands under the names that a search finds it by', () => {
    expect(fieldsOf(event({ message: 'm', service: 'web', tags: ['env:prod:eu', 'bare'], attributes: { http: { status_code: 500 }, 'a.b': { 'c\\': true }, list: [1, 'two', null] } }))).toEqual([
      { facet: 'service', value: 'web' }, { facet: 'env', value: 'prod:eu' }, { facet: 'tags', value: 'bare' },
      { facet: '@http.status_code', value: 500 }, { facet: '@a\\.b.c\\\\', value: true }, { facet: '@list', value: 1 }, { facet: '@list', value: 'two' },
    ])
    expect(fieldsOf(event({ attributes: { '': 'nameless', ok: 1 } }))).toEqual([{ facet: '@ok', value: 1 }])
    expect(fieldText(event({ attributes: { list: [1, 2] } }), '@list')).toBe('1, 2')
  })

  it('has a bound, in breadth and in depth', () => {
    expect(fieldsOf(event({ attributes: Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`k${index}`, index])) }))).toHaveLength(1000)
    let deep: unknown = 'end'
    for (let depth = 0; depth < 100; depth++) deep = { d: deep }
    expect(fieldsOf(event({ attributes: { ...(deep as object) } }))).toEqual([{ facet: `@${Array.from({ length: 16 }, () => 'd').join('.')}`, value: expect.stringMatching(/^\{"d":.*"end"/) as unknown }])
  })
})

describe('a status', () => {
  it('has a level, also one that objects have a property of', () => {
    expect(['ERROR', 'warning', 'notice', 'ok', 'trace', undefined, 'constructor', '__proto__'].map(levelOf)).toEqual(['error', 'warn', 'info', 'ok', 'debug', 'other', 'other', 'other'])
  })
})
