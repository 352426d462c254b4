import fc from 'fast-check'
import { BulkSyntaxError, MAX_BULK_ITEMS, MAX_DOCUMENT_BYTES, splitBulk, type BulkItem } from './decode-bulk.ts'

const options = fc.record({ _index: fc.constantFrom('logs', 'traces-2026'), _id: fc.string({ minLength: 1, maxLength: 8 }), pipeline: fc.constant('p') }, { requiredKeys: ['_index'] })
const item = fc.record({ action: fc.constantFrom('create', 'index', 'update', 'delete'), options, document: fc.json({ maxDepth: 1 }) })
const separator = fc.constantFrom('\n', '\r\n', '\n\n', '\n \n')

describe('splitting a bulk body', () => {
  it('finds what was joined', () => {
    fc.assert(fc.property(fc.array(fc.tuple(item, separator), { minLength: 1, maxLength: 20 }), fc.boolean(), (entries, endsInNewline) => {
      let text = entries.map(([{ action, options: given, document }, gap]) => `${JSON.stringify({ [action]: given })}\n${action === 'delete' ? '' : `${document}${gap}`}`).join('')
      if (!endsInNewline) text = text.replace(/\s+$/, '')
      const body = Buffer.from(text)
      const found = splitBulk(body, undefined)
      expect(found.map(({ action, index, id, start, end, error }) => ({ action, index, id, document: body.toString('utf8', start, end).trimEnd(), isRefused: error !== undefined }))).toEqual(
        entries.map(([{ action, options: given, document }]) => ({ action, index: given._index, id: given._id, document: action === 'delete' ? '' : document, isRefused: action === 'update' || action === 'delete' })),
      )
    }))
  })

  it('never does anything but answer or refuse', () => {
    fc.assert(fc.property(fc.array(fc.oneof(fc.constantFrom('{"index":{}}', '{"delete":{}}', '{"a":1}', '', '[]', '{"index":{"_id":null}}', '{"create":[]}', '{"index":{},"create":{}}'), fc.string({ unit: 'binary' })), { maxLength: 8 }), (lines) => {
      const body = Buffer.from(lines.join('\n'))
      try {
        for (const { start, end } of splitBulk(body, 'logs')) expect(start <= end && end <= body.length).toBe(true)
      } catch (error) {
        expect(error).toBeInstanceOf(BulkSyntaxError)
      }
    }))
  })

  it('takes the index of the URL where the action has none', () => {
    expect(split('{"create":{}}\n{}\n{"create":{"_index":"own","_id":7}}\n{}', 'url')).toMatchObject([{ index: 'url' }, { index: 'own', id: '7' }])
  })

  it.each([
    ['', 'request body is required'],
    ['\n\n', 'no requests added'],
    ['{"create":{}}\n{}\n', 'index is missing'],
    ['{"foo":{"_index":"a"}}\n{}\n', 'line [1], expected one of [create, delete, index, update] but found [foo]'],
    ['{"create":{"_index":"a"}}\n{}\n{"message":"no action"}\n', 'line [3]'],
    ['nothing\n', 'not valid JSON'],
    [`{"create":{"_index":"${'a'.repeat(20_000)}"}}\n{}\n`, 'longer than'],
  ])('refuses %j as a whole', (text, reason) => {
    expect(() => split(text)).toThrow(reason)
    expect(() => split(text)).toThrow(BulkSyntaxError)
  })

  it.each([
    ['an update', '{"update":{"_index":"a","_id":"1"}}\n{"doc":{}}', 'not supported'],
    ['a delete', '{"delete":{"_index":"a","_id":"1"}}', 'not supported'],
    ['an index in capitals', '{"create":{"_index":"A"}}\n{}', 'Invalid index name'],
    ['an empty id', '{"create":{"_index":"a","_id":""}}\n{}', 'must not be empty'],
    ['a long id', `{"create":{"_index":"a","_id":"${'é'.repeat(257)}"}}\n{}`, 'too long'],
    ['a large document', `{"create":{"_index":"a"}}\n{"a":"${'x'.repeat(MAX_DOCUMENT_BYTES)}"}`, 'larger than'],
  ])('refuses %s alone and stays in step', (_, lines, reason) => {
    const items = split(`${lines}\n{"create":{"_index":"b"}}\n{"a":1}\n`)
    expect(items).toHaveLength(2)
    expect(items[0]?.error).toMatchObject({ reason: expect.stringContaining(reason), status: 400 })
    expect(items[1]).toMatchObject({ index: 'b' })
    expect(items[1]?.error).toBeUndefined()
  })

  it('answers for an action whose document was cut off', () => {
    expect(split('{"create":{"_index":"a"}}\n{}\n{"create":{"_index":"a"}}')).toMatchObject([{ action: 'create' }, { error: { reason: 'the document line is missing' } }])
  })

  it('bounds the number of actions', () => {
    expect(() => split('{"index":{}}\n{}\n'.repeat(MAX_BULK_ITEMS + 1), 'a')).toThrow('more than')
  })
})

function split(text: string, index?: string): BulkItem[] {
  return splitBulk(Buffer.from(text), index)
}
