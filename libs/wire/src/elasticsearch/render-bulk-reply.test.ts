import { renderBulkReply } from './render-bulk-reply.ts'

describe('a bulk reply', () => {
  it('has the keys in the order that clients look for', () => {
    expect(renderBulkReply({ tookMs: 3, items: [{ action: 'create', index: 'logs', id: 'x', status: 201 }] })).toBe(
      '{"took":3,"errors":false,"items":[{"create":{"_index":"logs","_id":"x","_version":1,"result":"created","_shards":{"total":1,"successful":1,"failed":0},"_seq_no":0,"_primary_term":1,"status":201}}]}',
    )
    expect(renderBulkReply({ tookMs: 0, items: [] })).toBe('{"took":0,"errors":false,"items":[]}')
  })

  it('says that there are errors, and which', () => {
    const error = { type: 'version_conflict_engine_exception', reason: '[x]: "exists"' }
    const text = renderBulkReply({ tookMs: 1, items: [{ action: 'index', index: 'logs', id: 'a', status: 201 }, { action: 'create', index: 'logs', id: 'b', status: 409, error }] })
    expect(JSON.parse(text)).toMatchObject({ errors: true, items: [{ index: { status: 201 } }, { create: { _index: 'logs', _id: 'b', status: 409, error } }] })
  })

  it('gives items without an id one each', () => {
    const reply = JSON.parse(renderBulkReply({ tookMs: 1, idPrefix: 'g1-', items: [0, 1].map(() => ({ action: 'index', index: 'logs', id: '', status: 201 })) })) as { items: { index: { _id: string } }[] }
    expect(reply.items.map(({ index }) => index._id)).toEqual(['g1-0', 'g1-1'])
  })
})
