import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bus } from '@millrace/bus/bus'
import { encodeDeadLetter } from '@millrace/bus/dead-letter'
import { openBus } from '@millrace/bus/open-bus'
import { topicsOf } from '@millrace/bus/topics'
import { encodeBatchRecord } from '@millrace/fragment/batch-record-codec'
import { BadBodyError } from '@millrace/http/body'
import { createRouteTable } from '@millrace/http/match-route'
import { refuse } from '@millrace/http/refuse'
import { systemClock } from '@millrace/runtime/system-clock'
import { systemDisk } from '@millrace/runtime/system-disk'
import { systemRandom } from '@millrace/runtime/system-random'
import { deadLetterRoutes } from './dead-letter-routes.ts'

const topics = topicsOf({ generation: 'g1', partitions: 2 })
const batch = encodeBatchRecord({
  tenantId: 'acme', receivedMs: 1_767_225_600_000, sourceOffset: undefined, requests: [{ id: new Uint8Array(16), part: 0, firstRow: 0, rows: 3, window: 'keyed' }],
  fragments: [{ kind: 'log', dayNs: 0n, rows: 3, bytes: Uint8Array.of(1) }],
})

describe('the API of dead letters', () => {
  let folder: string
  let bus: Bus
  let server: Server
  let url: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dead-letter-routes-'))
    bus = await openBus({ kind: 'embedded', root: folder, disk: systemDisk, clock: systemClock })
    for (const topic of [topics.batches, topics.deadLetters]) await bus.createTopic(topic, { partitions: topics.partitions })
    for (const [offset, value] of [batch, Uint8Array.of(9), batch].entries()) await bus.append(topics.deadLetters, 1, encodeDeadLetter({ topic: topics.batches, partition: 1, offset, reason: 'it was damaged' }, value))
    const find = createRouteTable(deadLetterRoutes({ bus, topics, clock: systemClock, random: systemRandom }))
    server = createServer((raw, response) => {
      const at = new URL(raw.url ?? '/', 'http://gateway')
      const match = find(raw.method ?? '', at.pathname)
      if (match === undefined) throw new Error('no such route')
      match.route.handle({ raw, url: at, params: match.params, tenantId: '', keyHash: '', receivedMs: 0, signal: new AbortController().signal, isStillAllowed: () => Promise.resolve(true) }, response).catch((error: unknown) => {
        if (error instanceof BadBodyError) refuse(match.route.dialect, response, { status: error.status, code: error.problem, detail: error.message })
        else response.destroy(error instanceof Error ? error : undefined)
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/dead-letters`
  })
  afterEach(async () => {
    server.close()
    server.closeAllConnections()
    await bus[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  const ask = async (path: string, init?: RequestInit): Promise<{ readonly status: number; readonly body: unknown }> => {
    const answer = await fetch(url + path, init)
    return { status: answer.status, body: await answer.json() }
  }
  const replay = async (ids: unknown): Promise<{ readonly status: number; readonly body: unknown }> => await ask('/replay', { method: 'POST', body: JSON.stringify({ ids }) })

  it('is for admin keys only, on every route', () => {
    expect(deadLetterRoutes({ bus, topics, clock: systemClock, random: systemRandom }).map(({ scope, dialect }) => `${scope} ${dialect}`)).toEqual(Array(4).fill('admin millrace'))
  })

  it('lists by page, with whose events they are where that can be read', async () => {
    const first = await ask('?limit=2')
    expect(first).toMatchObject({
      status: 200,
      body: {
        deadLetters: [
          { id: '1-2', reason: 'it was damaged', topic: 'batches-g1', partition: 1, offset: 2, bytes: batch.length, cutBytes: 0, tenantId: 'acme', requests: 1, events: 3, receivedTime: '2026-01-01T00:00:00.000Z' },
          { id: '1-1', bytes: 1 },
        ],
      },
    })
    const { next, deadLetters } = first.body as { next: string; deadLetters: object[] }
    expect(deadLetters[1]).not.toHaveProperty('tenantId')
    expect((await ask(`?limit=2&cursor=${next}`)).body).toEqual({ deadLetters: [expect.objectContaining({ id: '1-0' })] })
    expect((await ask('?order=oldest&partition=1&limit=1')).body).toMatchObject({ deadLetters: [{ id: '1-0' }] })
    expect((await ask('?partition=0')).body).toEqual({ deadLetters: [] })
  })

  it('shows one letter, its bytes as text or as they are', async () => {
    expect(await ask('/1-0')).toMatchObject({ status: 200, body: { id: '1-0', valueBase64: Buffer.from(batch).toString('base64') } })
    const raw = await fetch(`${url}/1-1`, { headers: { accept: 'application/octet-stream' } })
    expect([raw.headers.get('content-type'), new Uint8Array(await raw.arrayBuffer())]).toEqual(['application/octet-stream', Uint8Array.of(9)])
    expect(await ask('/1-3')).toMatchObject({ status: 404, body: { detail: expect.stringContaining('no such dead letter') as unknown } })
  })

  it('replays letters, and says of each what became of it', async () => {
    expect(await replay(['1-2', '1-7'])).toEqual({ status: 200, body: { outcomes: [{ id: '1-2', outcome: 'replayed', partition: 1, offset: 0 }, { id: '1-7', outcome: 'absent', reason: 'no such dead letter' }] } })
    expect(await bus.endOffset(topics.batches, 1)).toBe(1)
  })

  it('discards a letter and those before it', async () => {
    expect(await ask('?through=1-1', { method: 'DELETE' })).toEqual({ status: 200, body: { discardedThrough: '1-1' } })
    expect((await ask('')).body).toMatchObject({ deadLetters: [{ id: '1-2' }] })
    expect((await ask('?through=1-1', { method: 'DELETE' })).status).toBe(404)
  })

  it('refuses what it does not understand', async () => {
    for (const path of ['?limit=0', '?limit=101', '?limit=x', '?partition=-1', '?order=best', '?cursor=x', '?cursor=oldest.1-1', '/x']) expect((await ask(path)).status).toBe(400)
    expect((await ask('', { method: 'DELETE' })).status).toBe(400)
    for (const ids of [undefined, [], ['x'], [1], Array(101).fill('1-0')]) expect((await replay(ids)).status).toBe(400)
  })
})
