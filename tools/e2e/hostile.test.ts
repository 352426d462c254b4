import { connect, type Socket } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { waitFor, type TestClient } from './test-client.ts'
import { openTestSystem, START_TIMEOUT_MS, type TestSystem } from './test-system.ts'

describe('hostile input', () => {
  let millrace: TestSystem
  let bystander: TestClient
  beforeAll(async () => {
    millrace = await openTestSystem()
    bystander = await millrace.addTenant('bystander')
  }, START_TIMEOUT_MS)
  afterAll(async () => {
    await millrace[Symbol.asyncDispose]()
  }, START_TIMEOUT_MS)
  /** Whatever was sent before, another tenant is served. */
  afterEach(async () => {
    const word = `alive${performance.now().toString(36).replace('.', '')}`
    const answer = await bystander.send(JSON.stringify({ message: word }))
    expect(answer.status).toBe(200)
    await bystander.searchable(answer)
    expect((await bystander.search(word)).length).toBe(1)
  })
  const found = async (answer: Response, query: string): Promise<number> => {
    await millrace.searchable(answer)
    return (await millrace.search(query)).length
  }

  const zeros = Buffer.alloc(200 * 1024 * 1024)
  it.each([
    ['gzip', gzipSync(zeros)],
    ['deflate', deflateSync(zeros)],
    ['zstd', zstdCompressSync(zeros)],
    ['br', brotliCompressSync(zeros)],
  ])('that grows without end under %s is stopped on the way', async (encoding, bomb) => {
    const answer = await millrace.send(bomb, { 'content-encoding': encoding })
    expect(answer.status).toBe(413)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect((await millrace.post('/_bulk', bomb, { 'content-encoding': encoding })).status).toBe(413)
  })

  it('in an unknown or damaged encoding is refused', async () => {
    expect((await millrace.send('x', { 'content-encoding': 'rot13' })).status).toBe(415)
    for (const encoding of ['gzip', 'deflate', 'zstd', 'br']) expect((await millrace.send('this is not packed', { 'content-encoding': encoding })).status).toBe(400)
    const whole = gzipSync(JSON.stringify({ message: 'cut inside' }))
    expect((await millrace.send(whole.subarray(0, whole.length - 4), { 'content-encoding': 'gzip' })).status).toBe(400)
  })

  it('of a million nested arrays or objects is refused, and its neighbours are kept', async () => {
    for (const nested of [`{"a":${'['.repeat(1_000_000)}`, `${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`, `{"a":${'['.repeat(1000)}${']'.repeat(1000)}}`]) {
      const answer = await millrace.send(`{"message":"beside the nest"}\n${nested}\n`)
      expect(answer.status).toBe(200)
      expect(await answer.json()).toMatchObject({ accepted: 1, rejectedCount: 1 })
    }
  })

  it('with names of the language is stored as it is', async () => {
    const answer = await millrace.send('{"message":"prototypes","__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":1}},"toString":"mine","hasOwnProperty":null}')
    await millrace.searchable(answer)
    const text = await (await millrace.post('/api/v2/logs/events/search', JSON.stringify({ filter: { query: 'prototypes' } }))).text()
    for (const part of ['"__proto__":{"polluted":true}', '"constructor":{"prototype":{"polluted":1}}', '"toString":"mine"', '"hasOwnProperty":null']) expect(text).toContain(part)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(await found(answer, '@toString:mine')).toBe(1)
  })

  it('in a line of 10 MB is refused, and its neighbours are kept', async () => {
    const answer = await millrace.send(`{"message":"before the long line"}\n${JSON.stringify({ message: 'x'.repeat(10_000_000) })}\n{"message":"after the long line"}`)
    expect(await answer.json()).toMatchObject({ accepted: 2, rejected: [{ index: 1 }] })
    expect(await found(answer, '"the long line"')).toBe(2)
  })

  it('of broken UTF-8 is stored with replacement characters', async () => {
    const answer = await millrace.send(Buffer.concat([Buffer.from('{"message":"broken '), Buffer.from([0xff, 0xc3, 0x28, 0xf0, 0x9f]), Buffer.from(' letters"}')]))
    await millrace.searchable(answer)
    const [event] = await millrace.search('"broken"')
    expect(event?.attributes.message).toMatch(/^broken \ufffd+\(\ufffd+ letters$/)
  })

  it('of 100,000 field names is stored or clearly refused', async () => {
    const wide = JSON.stringify({ message: 'wide', ...Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`field${i}`, i])) })
    const one = await millrace.send(wide)
    expect([200, 400, 413]).toContain(one.status)
    if (one.status !== 200) expect(((await one.json()) as { detail: string }).detail).toMatch(/keys|attributes|names/)
    const many = await millrace.send(Array.from({ length: 1000 }, (_, line) => JSON.stringify({ message: 'spread', ...Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`f${line}_${i}`, i])) })).join('\n'))
    expect(many.status).toBe(200)
    const { accepted, rejected } = (await many.json()) as { accepted: number; rejected: { reason: string }[] }
    expect(rejected[0]?.reason).toMatch(/different attributes/)
    expect(accepted).toBeGreaterThan(100)
    expect(await found(many, 'spread')).toBe(accepted)
    expect(await found(many, '@f99_99:99')).toBe(1)
  })

  it('of wrong types is kept as it came', async () => {
    const answer = await millrace.send('{"message":{"text":"an object"},"service":7,"status":["a"],"host":null,"tags":{"a":1},"timestamp":"yesterday","marker":"odd types"}\n{"message":12,"marker":"odd types"}\n{"message":"x","timestamp":-5,"marker":"odd types"}\n{"message":"x","timestamp":1e300,"marker":"odd types"}')
    // A time before the retention is understood, and refused as such.
    expect(await answer.json()).toMatchObject({ accepted: 3, rejected: [{ index: 2, reason: 'older than the retention' }] })
    expect(await found(answer, '@marker:"odd types"')).toBe(3)
    const text = await (await millrace.post('/api/v2/logs/events/search', JSON.stringify({ filter: { query: '@marker:"odd types"' } }))).text()
    for (const part of ['"an object"', '"yesterday"', '"12"']) expect(text).toContain(part)
  })

  it.each(['', '   \n\n', '[]', '{', ']', 'null', '"text"', '[1,2]', '{}', '\u0000', '[{"message":"a"},]', '[{"message":"a"}', '{"a":1}{"a":2}', '\ufeff{"message":"bom"}'])('%j is answered with a sentence or taken', async (body) => {
    const answer = await millrace.send(body)
    expect([200, 400]).toContain(answer.status)
    if (answer.status === 400) expect(((await answer.json()) as { detail: string }).detail.length).toBeGreaterThan(10)
  })

  it('whose body is cut off leaves nothing behind', async () => {
    await new Promise<void>((resolve, reject) => {
      const { hostname, port } = new URL(millrace.url)
      const socket = connect(Number(port), hostname, () => {
        socket.write(`POST /v1/events HTTP/1.1\r\nHost: x\r\nDD-API-KEY: ${millrace.key}\r\nContent-Length: 1000\r\n\r\n{"message":"cut off here"}\n`, () => {
          socket.destroy()
          resolve()
        })
      })
      socket.on('error', reject)
    })
    await millrace.searchable(await millrace.send('{"message":"after the cut"}'))
    expect((await millrace.search('"cut off here"')).length).toBe(0)
  })

  it('in a head that is too large, or no HTTP at all, ends its own connection only', async () => {
    for (const bytes of [`GET / HTTP/1.1\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`, '\u0016\u0003\u0001\u0000garbage\r\n\r\n']) {
      await new Promise<void>((resolve) => {
        const { hostname, port } = new URL(millrace.url)
        const socket = connect(Number(port), hostname, () => socket.write(bytes))
        socket.on('error', () => undefined)
        socket.on('close', () => {
          resolve()
        })
        socket.resume()
      })
    }
  })

  it('for a receipt is refused at once', async () => {
    for (const receipt of [`a.${'1-1'.repeat(30_000)}!`, `a.1-${'111-'.repeat(40)}1!`, '%zz', '__proto__', `a.${'1-1_'.repeat(1000)}1-1.AAAAAAAAAAAAAAAA`]) {
      const startedMs = performance.now()
      const answer = await millrace.get(`/v1/receipts/${receipt}`)
      expect([400, 404, 431]).toContain(answer.status)
      expect(await answer.text()).not.toContain('node_modules')
      expect(performance.now() - startedMs).toBeLessThan(2000)
    }
  })

  it('of thousands of empty frames is refused', async () => {
    const frames = Buffer.concat(Array.from({ length: 5000 }, () => zstdCompressSync(Buffer.alloc(0))))
    expect((await millrace.send(frames, { 'content-encoding': 'zstd' })).status).toBe(413)
  })

  it('in many bodies at once is held within the budget, and another tenant is still served', async () => {
    const { hostname, port } = new URL(millrace.url)
    const stalled: Socket[] = []
    /** Sends all of a body but its last byte. */
    const stall = async (): Promise<void> => {
      await new Promise<void>((resolve) => {
        const socket = connect(Number(port), hostname, () => {
          socket.write(`POST /_bulk HTTP/1.1\r\nHost: x\r\nDD-API-KEY: ${millrace.key}\r\nContent-Length: ${60 * 1024 * 1024}\r\n\r\n`)
          socket.write(Buffer.alloc(60 * 1024 * 1024 - 1, 'x'), () => { resolve() })
        })
        socket.on('error', () => undefined)
        socket.once('close', () => { resolve() })
        stalled.push(socket)
      })
    }
    // Two fill the tenant's part; one whose end meets a body that is asked with may be the one that is refused, so there is another each time.
    await Promise.all(Array.from({ length: 4 }, stall))
    await waitFor(async () => {
      await stall()
      const answer = await millrace.post('/_bulk', Buffer.alloc(10 * 1024 * 1024, 'x'))
      await answer.arrayBuffer()
      return answer.status === 503
    })
    const served = await bystander.post('/_bulk', `${JSON.stringify({ create: { _index: 'a' } })}\n${JSON.stringify({ message: 'served beside' })}\n`)
    expect(served.status).toBe(200)
    for (const socket of stalled) socket.destroy()
  })

  it('in a question is answered with what is wrong and where', async () => {
    for (const query of ['service:(', '"open', 'a AND', '@n:[1 TO', 'message:~"("', '('.repeat(5000), 'x '.repeat(100_000)]) {
      const answer = await millrace.post('/api/v2/logs/events/search', JSON.stringify({ filter: { query } }))
      expect([query.slice(0, 20), answer.status]).toEqual([query.slice(0, 20), 400])
      expect(((await answer.json()) as { errors: string[] }).errors[0]?.length).toBeGreaterThan(10)
    }
    for (const body of ['[', '[]', '{"filter":7}', '{"page":{"limit":0}}', '{"page":{"cursor":"x"}}', '{"sort":"up"}', '{"filter":{"from":"never"}}']) {
      expect([body, (await millrace.post('/api/v2/logs/events/search', body)).status]).toEqual([body, 400])
    }
  })
})
