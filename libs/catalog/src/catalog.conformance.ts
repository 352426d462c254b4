import { CatalogUnavailableError, FencedError, OutcomeUnknownError, SettingConflictError, TenantExistsError, type ApiKey, type Catalog, type CommitEntry, type CommitPosition, type CommittedRequest, type FragmentRow, type SealedRow } from './catalog.ts'

/** The contract of {@link Catalog}, run by every adapter's own test file. `open` gives a new, empty catalog. */
export function describeCatalog(name: string, open: () => Promise<Catalog>): void {
  describe(`${name} keeps the Catalog contract`, () => {
    describeTenants(open)
    describeRaces(open)
    describeCommits(open)
    describeSeals(open)
    describeMerges(open)

    it('answers that it is unavailable once it is closed', async () => {
      const catalog = await open()
      await catalog[Symbol.asyncDispose]()
      await expect(catalog.readPosition('g/0')).rejects.toThrow(CatalogUnavailableError)
      await expect(catalog.claimStream('g/0', 'a')).rejects.toThrow(CatalogUnavailableError)
    })
  })
}

function describeTenants(open: () => Promise<Catalog>): void {
  it('keeps the first generation and the first secret of a name', async () => {
    await using catalog = await open()
    expect(await catalog.currentGeneration()).toBeUndefined()
    expect(await catalog.openGeneration({ generation: 'g1', partitions: 4 })).toEqual({ generation: 'g1', partitions: 4 })
    expect(await catalog.currentGeneration()).toEqual({ generation: 'g1', partitions: 4 })
    expect(await catalog.openGeneration({ generation: 'g2', partitions: 8 })).toEqual({ generation: 'g1', partitions: 4 })
    expect(await catalog.openSecret('receipt', 'first')).toBe('first')
    expect(await catalog.openSecret('receipt', 'second')).toBe('first')
    expect(await catalog.openSecret('other', 'second')).toBe('second')
  })

  it('finds tenants and refuses a second one with the same id', async () => {
    await using catalog = await open()
    expect(await catalog.findTenant('a')).toBeUndefined()
    await catalog.createTenant({ tenantId: 'b', name: 'B', retentionDays: 3 })
    await catalog.createTenant({ tenantId: 'a', name: 'A', retentionDays: 30 })
    await expect(catalog.createTenant({ tenantId: 'a', name: 'other', retentionDays: 1 })).rejects.toThrow(TenantExistsError)
    expect(await catalog.findTenant('a')).toEqual({ tenantId: 'a', name: 'A', retentionDays: 30 })
    expect(new Set((await catalog.listTenants()).map(({ tenantId }) => tenantId))).toEqual(new Set(['a', 'b']))
  })

  it('finds keys by hash, replaces them, and knows admin keys', async () => {
    await using catalog = await open()
    expect(await catalog.findKey('h1')).toBeUndefined()
    await catalog.putKey({ hash: 'h1', tenantId: 'a', scopes: ['ingest'] })
    await catalog.putKey({ hash: 'h2', tenantId: undefined, scopes: ['admin'] })
    await catalog.putKey({ hash: 'h1', tenantId: 'a', scopes: ['ingest', 'query'] })
    expect(await catalog.findKey('h1')).toEqual({ hash: 'h1', tenantId: 'a', scopes: ['ingest', 'query'] })
    expect(await catalog.findKey('h2')).toEqual({ hash: 'h2', tenantId: undefined, scopes: ['admin'] })
  })

  it('lists the keys of a tenant, or of no tenant, with what people know them by', async () => {
    await using catalog = await open()
    await catalog.putKey({ hash: 'h1', tenantId: 'a', scopes: ['ingest'], name: 'agents', createdMs: 1_700_000_000_123 })
    await catalog.putKey({ hash: 'h2', tenantId: 'a', scopes: ['query'] })
    await catalog.putKey({ hash: 'h3', tenantId: 'b', scopes: ['query'], name: 'of another' })
    await catalog.putKey({ hash: 'h4', tenantId: undefined, scopes: ['admin'], name: 'operators', createdMs: 5 })
    const byHash = (keys: readonly ApiKey[]): readonly ApiKey[] => keys.toSorted((a, b) => a.hash.localeCompare(b.hash))
    expect(byHash(await catalog.listKeys('a'))).toEqual([{ hash: 'h1', tenantId: 'a', scopes: ['ingest'], name: 'agents', createdMs: 1_700_000_000_123 }, { hash: 'h2', tenantId: 'a', scopes: ['query'] }])
    expect(await catalog.listKeys(undefined)).toEqual([{ hash: 'h4', tenantId: undefined, scopes: ['admin'], name: 'operators', createdMs: 5 }])
    expect(await catalog.listKeys('c')).toEqual([])
  })

  it('removes a key, and takes it again when it is put again', async () => {
    await using catalog = await open()
    for (let round = 0; round < 3; round++) {
      await catalog.putKey({ hash: 'h1', tenantId: 'a', scopes: ['ingest'], name: `round ${round}` })
      await catalog.putKey({ hash: 'h2', tenantId: 'a', scopes: ['ingest'] })
      expect((await catalog.listKeys('a')).find(({ hash }) => hash === 'h1')?.name).toBe(`round ${round}`)
      for (const hash of ['h1', 'h1', 'never']) await catalog.removeKey(hash)
      expect([await catalog.findKey('h1'), (await catalog.listKeys('a')).map(({ hash }) => hash)]).toEqual([undefined, ['h2']])
    }
  })

  it('changes the retention of a tenant that exists', async () => {
    await using catalog = await open()
    await catalog.createTenant({ tenantId: 'a', name: 'A', retentionDays: 30 })
    expect([await catalog.setRetention('a', 7), await catalog.setRetention('a', 7), await catalog.setRetention('b', 7)]).toEqual([true, true, false])
    expect([await catalog.findTenant('a'), await catalog.findTenant('b')]).toEqual([{ tenantId: 'a', name: 'A', retentionDays: 7 }, undefined])
  })

  it('writes a setting only over the version that was read, per tenant', async () => {
    await using catalog = await open()
    expect(await catalog.readSetting('a', 'pipeline')).toBeUndefined()
    expect(await catalog.writeSetting('a', 'pipeline', 'one', 0)).toBe(1)
    await expect(catalog.writeSetting('a', 'pipeline', 'late', 0)).rejects.toThrow(SettingConflictError)
    expect(await catalog.writeSetting('a', 'pipeline', 'two', 1)).toBe(2)
    await expect(catalog.writeSetting('a', 'pipeline', 'late', 1)).rejects.toThrow(SettingConflictError)
    expect(await catalog.readSetting('a', 'pipeline')).toEqual({ value: 'two', version: 2 })
    expect(await catalog.readSetting('b', 'pipeline')).toBeUndefined()
  })
}

function describeRaces(open: () => Promise<Catalog>): void {
  it('gives every one of many claimers at once an epoch of its own', async () => {
    await using catalog = await open()
    const owners = Array.from({ length: 6 }, (_, index) => `w${index}`)
    const claims = await Promise.all(owners.map(async (ownerId) => await settled(async () => await catalog.claimStream('g/0', ownerId))))
    expect(claims.map(({ epoch }) => epoch).sort()).toEqual([1, 2, 3, 4, 5, 6])
    expect(claims.map(({ ownerId }) => ownerId)).toEqual(owners)
    const seals = await Promise.all(owners.map(async (ownerId) => await settled(async () => await catalog.claimSealer('g/0', ownerId))))
    expect(seals.map(({ epoch }) => epoch).sort()).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('lets exactly one of several entries be the next', async () => {
    await using catalog = await open()
    await catalog.claimStream('g/0', 'a')
    const winners: string[] = []
    for (let round = 0; round < 4; round++) {
      const at = await catalog.readPosition('g/0')
      const tries = await Promise.allSettled([0, 1, 2].map(async (index) => {
        await catalog.commit('g/0', entryAfter(at, { pack: `${round} ${index}`, records: index + 1 }))
        return `${round} ${index}`
      }))
      for (const each of tries) if (each.status === 'rejected') expect([FencedError, OutcomeUnknownError]).toContain((each.reason as Error).constructor)
      const won = tries.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
      expect(won.length).toBeLessThanOrEqual(1)
      const [entry, ...others] = await catalog.readEntries('g/0', at.sequence, 10)
      expect(others).toEqual([])
      expect(await catalog.readPosition('g/0')).toMatchObject({ sequence: at.sequence + (entry === undefined ? 0 : 1), nextOffset: entry?.nextOffset ?? at.nextOffset })
      if (won.length > 0) expect(entry?.pack).toBe(won[0])
      if (entry?.pack !== undefined) winners.push(entry.pack)
    }
    expect(winners.length).toBeGreaterThan(0)
    expect((await catalog.readEntries('g/0', 0, 10)).map(({ pack }) => pack)).toEqual(winners)
  })

  it('lets exactly one of several writers have a setting, a tenant and a first value', async () => {
    await using catalog = await open()
    const values = ['one', 'two', 'three']
    const written = await Promise.allSettled(values.map(async (value) => await catalog.writeSetting('a', 'pipeline', value, 0)))
    expect(written.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect((await catalog.readSetting('a', 'pipeline'))?.version).toBe(1)
    const created = await Promise.allSettled(values.map(async (name) => { await catalog.createTenant({ tenantId: 'a', name, retentionDays: 1 }) }))
    expect(created.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(new Set(await Promise.all(values.map(async (value) => await catalog.openSecret('receipt', value))))).toHaveProperty('size', 1)
  })
}

function describeCommits(open: () => Promise<Catalog>): void {
  it('begins a stream at zero and counts its owners', async () => {
    await using catalog = await open()
    expect(await catalog.readPosition('g/0')).toEqual({ epoch: 0, sequence: 0, nextOffset: 0, nextSourceOffset: 0 })
    expect(await catalog.claimStream('g/0', 'a')).toEqual({ epoch: 1, sequence: 0, nextOffset: 0, nextSourceOffset: 0, ownerId: 'a' })
    expect((await catalog.claimStream('g/0', 'a')).epoch).toBe(1)
    expect((await catalog.claimStream('g/0', 'b')).epoch).toBe(2)
    expect((await catalog.claimStream('g/0', 'a')).epoch).toBe(3)
    expect((await catalog.claimStream('g/1', 'a')).epoch).toBe(1)
  })

  it('keeps an entry, its directory and its position', async () => {
    await using catalog = await open()
    const claim = await catalog.claimStream('g/0', 'a')
    const entry = entryAfter(claim, { records: 5, pack: 'g/0:pack:1:1:abc', directory: [fragmentRow({ tenantId: 'a' }), fragmentRow({ tenantId: 'b', kind: 'dead-letter', dayNs: -DAY, start: 100, end: 250, maxTimeOffset: 86_399_999_999_999 })] })
    await catalog.commit('g/0', entry)
    expect(await catalog.readEntries('g/0', 0, 10)).toEqual([{ ...entry, requests: [] }])
    expect(await catalog.readPosition('g/0')).toEqual({ epoch: 1, sequence: 1, nextOffset: 5, nextSourceOffset: 5 })
  })

  it('reads entries in order, after a sequence and up to a limit', async () => {
    await using catalog = await open()
    let at: CommitPosition = await catalog.claimStream('g/0', 'a')
    for (let i = 0; i < 5; i++) {
      await catalog.commit('g/0', entryAfter(at))
      at = await catalog.readPosition('g/0')
    }
    expect((await catalog.readEntries('g/0', 1, 3)).map(({ sequence }) => sequence)).toEqual([2, 3, 4])
    expect(await catalog.readEntries('g/0', 5, 3)).toEqual([])
    expect(await catalog.readEntries('g/9', 0, 3)).toEqual([])
  })

  it('refuses an entry of an earlier epoch, a gap, an overlap and a repetition', async () => {
    await using catalog = await open()
    const old = await catalog.claimStream('g/0', 'a')
    const claim = await catalog.claimStream('g/0', 'b')
    await expect(catalog.commit('g/0', entryAfter(old))).rejects.toThrow(FencedError)
    const first = entryAfter(claim, { records: 3 })
    await catalog.commit('g/0', first)
    const next = entryAfter(await catalog.readPosition('g/0'))
    for (const wrong of [first, { ...next, sequence: 3 }, { ...next, firstOffset: 2 }, { ...next, firstOffset: 4 }, { ...next, epoch: 3 }]) await expect(catalog.commit('g/0', wrong)).rejects.toThrow(FencedError)
    await catalog.commit('g/0', next)
    expect((await catalog.readEntries('g/0', 0, 10)).map(({ firstOffset, nextOffset }) => [firstOffset, nextOffset])).toEqual([[0, 3], [3, 4]])
  })

  it('remembers request ids until they expire, oldest first, per stream', async () => {
    await using catalog = await open()
    await catalog.claimStream('g/0', 'a')
    const requests = Array.from({ length: 3000 }, (_, i) => request({ tenantId: `t${i % 3}`, part: i % 5, expiresMs: ((i * 7919) % 1000) * 1000 }))
    await catalog.commit('g/0', entryAfter(await catalog.readPosition('g/0'), { requests: requests.slice(0, 2000) }))
    await catalog.commit('g/0', entryAfter(await catalog.readPosition('g/0'), { requests: requests.slice(2000) }))
    for (const aliveMs of [-1, 0, 350_000, 500_500, 999_000]) {
      const found = await requestsOf(catalog, 'g/0', aliveMs)
      expect(new Map(found.map((each) => [each.id, each]))).toEqual(new Map(requests.filter(({ expiresMs }) => expiresMs > aliveMs).map((each) => [each.id, each])))
      expect(found).toHaveLength(requests.filter(({ expiresMs }) => expiresMs > aliveMs).length)
    }
    expect(await requestsOf(catalog, 'g/1', -1)).toEqual([])
  })

  it('keeps an entry as large as the largest flush', async () => {
    await using catalog = await open()
    const directory = Array.from({ length: 4_000 }, (_, i) => fragmentRow({ tenantId: `tenant-${i % 1000}`, dayNs: BigInt(i % 7) * DAY, start: i * 100, end: i * 100 + 100 }))
    const requests = Array.from({ length: 20_000 }, (_, i) => request({ tenantId: `tenant-${i % 1000}`, expiresMs: 1_000 + (i % 2) * 86_400_000 }))
    const entry = entryAfter(await catalog.claimStream('g/0', 'a'), { directory, requests, pack: 'p' })
    await catalog.commit('g/0', entry)
    await catalog.commit('g/0', entryAfter(await catalog.readPosition('g/0')))
    expect((await catalog.readEntries('g/0', 0, 1))[0]).toEqual({ ...entry, requests: [] })
    expect((await requestsOf(catalog, 'g/0', 2_000)).map(({ id }) => id).sort()).toEqual(requests.filter(({ expiresMs }) => expiresMs > 2_000).map(({ id }) => id).sort())
  })

  it('reads no request before one that expires minutes earlier', async () => {
    await using catalog = await open()
    await catalog.claimStream('g/0', 'a')
    for (const base of [86_400_000, 600_000, 60_000, 1_200_000]) await catalog.commit('g/0', entryAfter(await catalog.readPosition('g/0'), { requests: [request({ expiresMs: base + 90_000_000 }), request({ expiresMs: base })] }))
    let latest = 0
    for (const { expiresMs } of await requestsOf(catalog, 'g/0', 0)) {
      expect(expiresMs).toBeGreaterThan(latest - 120_000)
      latest = Math.max(latest, expiresMs)
    }
    expect(latest).toBe(176_400_000)
  })

  it('keeps living request ids of entries that are trimmed, and ids that come after a trim', async () => {
    await using catalog = await open()
    await catalog.claimStream('g/0', 'a')
    const requests = [1_000, 50_000_000, 50_000_001, 40_000_000].map((expiresMs) => request({ expiresMs }))
    for (const each of requests.slice(0, 3)) await catalog.commit('g/0', entryAfter(await catalog.readPosition('g/0'), { requests: [each] }))
    await catalog.nameSeal('g/0', { ...(await catalog.claimSealer('g/0', 's')), sequence: 1, throughCommit: 3 })
    await catalog.trimCommits('g/0', { beforeMs: 45_000_000, throughSequence: 3 })
    expect((await catalog.readEntries('g/0', 0, 10)).map(({ sequence }) => sequence)).toEqual([3])
    await catalog.commit('g/0', entryAfter(await catalog.readPosition('g/0'), { requests: requests.slice(3) }))
    expect((await requestsOf(catalog, 'g/0', 0)).map(({ expiresMs }) => expiresMs).sort()).toEqual([40_000_000, 50_000_000, 50_000_001])
    await catalog.trimCommits('g/0', { beforeMs: 45_000_000, throughSequence: 3 })
    expect((await requestsOf(catalog, 'g/0', 0)).map(({ expiresMs }) => expiresMs).sort()).toEqual([50_000_000, 50_000_001])
  })

  it('trims a stream that has nothing, and nothing twice', async () => {
    await using catalog = await open()
    await catalog.trimCommits('g/0', { beforeMs: 1_000, throughSequence: 10 })
    expect(await catalog.readPosition('g/0')).toEqual({ epoch: 0, sequence: 0, nextOffset: 0, nextSourceOffset: 0 })
  })

  it('forgets expired request ids and keeps the living through a trim', async () => {
    await using catalog = await open()
    const requests = [request({ expiresMs: 1_000 }), request({ expiresMs: 2_000_000 }), request({ expiresMs: 90_000_000 })]
    await catalog.commit('g/0', entryAfter(await catalog.claimStream('g/0', 'a'), { requests }))
    await catalog.trimCommits('g/0', { beforeMs: 1_000_000, throughSequence: 0 })
    expect((await requestsOf(catalog, 'g/0', -1)).map(({ expiresMs }) => expiresMs)).toEqual([2_000_000, 90_000_000])
  })

  it('trims sealed entries only, and never the last sealed one', async () => {
    await using catalog = await open()
    await catalog.claimStream('g/0', 'a')
    for (let i = 0; i < 5; i++) await catalog.commit('g/0', entryAfter(await catalog.readPosition('g/0')))
    await catalog.trimCommits('g/0', { beforeMs: 0, throughSequence: 5 })
    expect(await catalog.readEntries('g/0', 0, 10)).toHaveLength(5)
    const seal = await catalog.claimSealer('g/0', 's')
    await catalog.nameSeal('g/0', { ...seal, sequence: 1, throughCommit: 3 })
    await catalog.trimCommits('g/0', { beforeMs: 0, throughSequence: 1 })
    expect((await catalog.readEntries('g/0', 0, 10)).map(({ sequence }) => sequence)).toEqual([2, 3, 4, 5])
    await catalog.trimCommits('g/0', { beforeMs: 0, throughSequence: 5 })
    expect((await catalog.readEntries('g/0', 0, 10)).map(({ sequence }) => sequence)).toEqual([3, 4, 5])
    await catalog.commit('g/0', entryAfter(await catalog.readPosition('g/0')))
  })
}

function describeSeals(open: () => Promise<Catalog>): void {
  const openSealing = async (): Promise<Catalog> => await sealingCatalog(open)

  it('shows sealed rows once their tag is named', async () => {
    await using catalog = await openSealing()
    const row = sealedRow({ rowId: 'r1' })
    await catalog.putSealed([row])
    await catalog.putSealed([row])
    expect(await idsOf(catalog)).toEqual(new Set())
    await catalog.nameSeal('g/0', { epoch: 1, sequence: 1, throughCommit: 2 })
    expect(await catalog.readSealed('a', 'log', 0n, DAY)).toEqual([row])
    expect(await catalog.readSealPosition('g/0')).toEqual({ epoch: 1, sequence: 1, throughCommit: 2 })
  })

  it('never shows what a fenced sealer has put, also under a sequence that is named later', async () => {
    await using catalog = await openSealing()
    await catalog.putSealed([sealedRow({ rowId: 'zombie' })])
    expect(await catalog.claimSealer('g/0', 'other')).toEqual({ epoch: 2, sequence: 0, throughCommit: 0 })
    await expect(catalog.nameSeal('g/0', { epoch: 1, sequence: 1, throughCommit: 2 })).rejects.toThrow(FencedError)
    await catalog.putSealed([sealedRow({ rowId: 'r1', epoch: 2 }), sealedRow({ rowId: 'r2', epoch: 2, object: 'g/0:sealed:2:1:abc' })])
    await catalog.putSealed([sealedRow({ rowId: 'later zombie', object: 'g/0:sealed:1:1:abc' })])
    await catalog.nameSeal('g/0', { epoch: 2, sequence: 1, throughCommit: 2 })
    expect(await idsOf(catalog)).toEqual(new Set(['r1', 'r2']))
    expect(await catalog.isObjectNamed('g/0:sealed:1:1:abc')).toBe(false)
    expect(await catalog.isObjectNamed('g/0:sealed:2:1:abc')).toBe(true)
  })

  it('refuses a seal that does not follow the last', async () => {
    await using catalog = await openSealing()
    await expect(catalog.nameSeal('g/0', { epoch: 1, sequence: 2, throughCommit: 2 })).rejects.toThrow(FencedError)
    await catalog.nameSeal('g/0', { epoch: 1, sequence: 1, throughCommit: 2 })
    await expect(catalog.nameSeal('g/0', { epoch: 1, sequence: 1, throughCommit: 2 })).rejects.toThrow(FencedError)
    expect(await catalog.claimSealer('g/0', 's')).toEqual({ epoch: 1, sequence: 1, throughCommit: 2 })
  })

  it('reads rows by tenant, kind and day', async () => {
    await using catalog = await openSealing()
    await catalog.putSealed([
      sealedRow({ rowId: 'd1', dayNs: DAY }), sealedRow({ rowId: 'd2', dayNs: 2n * DAY }), sealedRow({ rowId: 'd3', dayNs: 3n * DAY }),
      sealedRow({ rowId: 'other tenant', dayNs: 2n * DAY, tenantId: 'b' }), sealedRow({ rowId: 'other kind', dayNs: 2n * DAY, kind: 'span' }),
    ])
    await catalog.nameSeal('g/0', { epoch: 1, sequence: 1, throughCommit: 2 })
    expect(await idsOf(catalog, 'a', 2n * DAY, 3n * DAY)).toEqual(new Set(['d2', 'd3']))
    expect(await idsOf(catalog, 'a', 2n * DAY, 3n * DAY - 1n)).toEqual(new Set(['d2']))
    expect(await idsOf(catalog, 'b')).toEqual(new Set(['other tenant']))
  })

  it('marks the index that holds a row', async () => {
    await using catalog = await openSealing()
    await catalog.putSealed([sealedRow({ rowId: 'r1' })])
    await catalog.nameSeal('g/0', { epoch: 1, sequence: 1, throughCommit: 2 })
    await catalog.markIndexed([sealedRow({ rowId: 'r1', indexed: 'uuid-1' }), sealedRow({ rowId: 'unknown', indexed: 'uuid-1' })])
    expect((await catalog.readSealed('a', 'log', 0n, DAY)).map(({ rowId, indexed }) => [rowId, indexed])).toEqual([['r1', 'uuid-1']])
  })

  it('expires whole days of a tenant and kind, after which their objects are unnamed', async () => {
    await using catalog = await openSealing()
    await catalog.putSealed([sealedRow({ rowId: 'old', dayNs: DAY, object: 'o1' }), sealedRow({ rowId: 'edge', dayNs: 2n * DAY, object: 'o2' }), sealedRow({ rowId: 'foreign', tenantId: 'b', dayNs: DAY, object: 'o2' })])
    await catalog.nameSeal('g/0', { epoch: 1, sequence: 1, throughCommit: 2 })
    expect((await catalog.expireSealed('a', 'log', 2n * DAY)).map(({ rowId }) => rowId)).toEqual(['old'])
    expect([await catalog.isObjectNamed('o1'), await catalog.isObjectNamed('o2')]).toEqual([false, true])
    expect(await idsOf(catalog)).toEqual(new Set(['edge']))
    expect(await catalog.expireSealed('a', 'log', 2n * DAY)).toEqual([])
  })

  it('shows what is sealed of a day after that day was expired', async () => {
    await using catalog = await openSealing()
    await catalog.putSealed([sealedRow({ rowId: 'old', dayNs: DAY, object: 'o1' })])
    await catalog.nameSeal('g/0', { epoch: 1, sequence: 1, throughCommit: 2 })
    await catalog.expireSealed('a', 'log', 2n * DAY)
    await catalog.putSealed([sealedRow({ rowId: 'late', dayNs: DAY, sequence: 2, object: 'o2' })])
    await catalog.nameSeal('g/0', { epoch: 1, sequence: 2, throughCommit: 3 })
    expect(await idsOf(catalog)).toEqual(new Set(['late']))
    expect(await catalog.isObjectNamed('o2')).toBe(true)
    expect((await catalog.expireSealed('a', 'log', 2n * DAY)).map(({ rowId }) => rowId)).toEqual(['late'])
    expect(await idsOf(catalog)).toEqual(new Set())
  })

  it('reads open ranges of days', async () => {
    await using catalog = await openSealing()
    await catalog.putSealed([sealedRow({ rowId: 'early', dayNs: -3n * DAY }), sealedRow({ rowId: 'late', dayNs: 30_000n * DAY })])
    await catalog.nameSeal('g/0', { epoch: 1, sequence: 1, throughCommit: 2 })
    expect(await idsOf(catalog, 'a', -(2n ** 80n), 2n ** 80n)).toEqual(new Set(['early', 'late']))
    expect(await idsOf(catalog, 'a', -(2n ** 80n), -2n * DAY - 1n)).toEqual(new Set(['early']))
    expect(await idsOf(catalog, 'a', -2n * DAY, 2n ** 80n)).toEqual(new Set(['late']))
  })
}

function describeMerges(open: () => Promise<Catalog>): void {
  const openSealing = async (): Promise<Catalog> => await sealingCatalog(open)
  const inputTags = [{ stream: 'g/0', epoch: 1, sequence: 1 }]

  it('merges live rows once and keeps the inputs until they are forgotten', async () => {
    await using catalog = await openSealing()
    await catalog.putSealed([sealedRow({ rowId: 'r1' }), sealedRow({ rowId: 'r2' }), sealedRow({ rowId: 'r3' })])
    await catalog.nameSeal('g/0', { epoch: 1, sequence: 1, throughCommit: 2 })
    const merged = sealedRow({ rowId: 'm1', inputs: ['r1', 'r2'], inputTags: [{ stream: 'g/0', epoch: 1, sequence: 1 }], object: 'g/0:merged:1:1:abc' })
    await catalog.mergeSealed(merged)
    await expect(catalog.mergeSealed(sealedRow({ rowId: 'm2', inputs: ['r2', 'r3'], inputTags: merged.inputTags }))).rejects.toThrow(FencedError)
    await expect(catalog.mergeSealed(sealedRow({ rowId: 'm2', inputs: ['r3', 'none'], inputTags: merged.inputTags }))).rejects.toThrow(FencedError)
    expect(await idsOf(catalog)).toEqual(new Set(['r1', 'r2', 'r3', 'm1']))
    expect(await catalog.forgetMerged('a', 'log', 0)).toEqual([])
    expect((await catalog.forgetMerged('a', 'log', FAR_FUTURE_MS)).map(({ rowId }) => rowId).sort()).toEqual(['r1', 'r2'])
    expect((await catalog.readSealed('a', 'log', 0n, DAY)).find(({ rowId }) => rowId === 'm1')).toEqual(merged)
    expect(await idsOf(catalog)).toEqual(new Set(['r3', 'm1']))
    await catalog.mergeSealed(sealedRow({ rowId: 'm2', inputs: ['r3', 'm1'], inputTags: merged.inputTags }))
  })

  it('refuses to merge what is not named', async () => {
    await using catalog = await openSealing()
    await catalog.nameSeal('g/0', { epoch: 1, sequence: 1, throughCommit: 2 })
    await catalog.putSealed([sealedRow({ rowId: 'r1', sequence: 2 })])
    await expect(catalog.mergeSealed(sealedRow({ rowId: 'm1', inputs: ['r1'], inputTags: [{ stream: 'g/0', epoch: 1, sequence: 2 }] }))).rejects.toThrow(FencedError)
  })

  it('lets a new sealer merge before its first seal', async () => {
    await using catalog = await openSealing()
    await catalog.putSealed([sealedRow({ rowId: 'r1' }), sealedRow({ rowId: 'r2' })])
    await catalog.nameSeal('g/0', { epoch: 1, sequence: 1, throughCommit: 2 })
    const { epoch, sequence } = await catalog.claimSealer('g/0', 'other')
    await catalog.mergeSealed(sealedRow({ rowId: 'm1', epoch, sequence, inputs: ['r1', 'r2'], inputTags: [{ stream: 'g/0', epoch: 1, sequence: 1 }] }))
    await catalog.forgetMerged('a', 'log', FAR_FUTURE_MS)
    expect(await idsOf(catalog)).toEqual(new Set(['m1']))
  })

  it('lets exactly one of several merges have an input', async () => {
    await using catalog = await openSealing()
    await catalog.putSealed([sealedRow({ rowId: 'r1' }), sealedRow({ rowId: 'r2' }), sealedRow({ rowId: 'r3' })])
    await catalog.nameSeal('g/0', { epoch: 1, sequence: 1, throughCommit: 2 })
    const merges = await Promise.allSettled([['m1', 'r1', 'r2'], ['m2', 'r2', 'r3'], ['m3', 'r3', 'r1']].map(async ([rowId = '', ...inputs]) => { await catalog.mergeSealed(sealedRow({ rowId, inputs, inputTags })) }))
    expect(merges.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const each of merges) if (each.status === 'rejected') expect(each.reason).toBeInstanceOf(FencedError)
    expect(await idsOf(catalog)).toHaveProperty('size', 4)
  })

  it('merges hundreds of rows at once, and forgets them', async () => {
    await using catalog = await openSealing()
    const rows = Array.from({ length: 300 }, (_, i) => sealedRow({ rowId: `r${i}`.padEnd(16, 'x') }))
    const others = Array.from({ length: 300 }, (_, i) => sealedRow({ rowId: `r${i}`.padEnd(16, 'y') }))
    await catalog.putSealed([...rows, ...others])
    await catalog.nameSeal('g/0', { epoch: 1, sequence: 1, throughCommit: 2 })
    await catalog.mergeSealed(sealedRow({ rowId: 'm1', inputs: rows.map(({ rowId }) => rowId), inputTags }))
    expect(await catalog.forgetMerged('a', 'log', FAR_FUTURE_MS)).toHaveLength(300)
    expect(await idsOf(catalog)).toEqual(new Set(['m1', ...others.map(({ rowId }) => rowId)]))
  })

  it('names an object as long as one of its rows is there', async () => {
    await using catalog = await openSealing()
    const named = async (): Promise<boolean[]> => await Promise.all(['o1', 'o2', 'm'].map(async (object) => await catalog.isObjectNamed(object)))
    await catalog.putSealed([sealedRow({ rowId: 'r1', object: 'o1' }), sealedRow({ rowId: 'r2', object: 'o2' }), sealedRow({ rowId: 'r3', object: 'o2', tenantId: 'b' })])
    expect(await named()).toEqual([true, true, false]) // its sealer may yet name the tag
    await catalog.nameSeal('g/0', { epoch: 1, sequence: 1, throughCommit: 2 })
    await catalog.mergeSealed(sealedRow({ rowId: 'm1', inputs: ['r1', 'r2'], inputTags, object: 'm' }))
    expect(await named()).toEqual([true, true, true])
    await catalog.forgetMerged('a', 'log', FAR_FUTURE_MS)
    expect(await named()).toEqual([false, true, true])
    await catalog.expireSealed('b', 'log', DAY)
    expect(await named()).toEqual([false, false, true])
    await catalog.expireSealed('a', 'log', DAY)
    expect(await named()).toEqual([false, false, false])
  })

  it('does not bring a replaced row back when it is put again', async () => {
    await using catalog = await openSealing()
    const rows = [sealedRow({ rowId: 'r1' }), sealedRow({ rowId: 'r2' })]
    await catalog.putSealed(rows)
    await catalog.nameSeal('g/0', { epoch: 1, sequence: 1, throughCommit: 2 })
    await catalog.mergeSealed(sealedRow({ rowId: 'm1', inputs: ['r1', 'r2'], inputTags }))
    await catalog.putSealed(rows)
    await expect(catalog.mergeSealed(sealedRow({ rowId: 'm2', inputs: ['r1'], inputTags }))).rejects.toThrow(FencedError)
    expect((await catalog.forgetMerged('a', 'log', FAR_FUTURE_MS)).map(({ rowId }) => rowId).sort()).toEqual(['r1', 'r2'])
    expect(await catalog.forgetMerged('a', 'log', FAR_FUTURE_MS)).toEqual([])
    expect(await idsOf(catalog)).toEqual(new Set(['m1']))
  })

  it('merges in steps, marks what came out, and expires all of it', async () => {
    await using catalog = await openSealing()
    const rows = Array.from({ length: 8 }, (_, i) => sealedRow({ rowId: `r${i}` }))
    await catalog.putSealed(rows)
    await catalog.nameSeal('g/0', { epoch: 1, sequence: 1, throughCommit: 2 })
    await catalog.mergeSealed(sealedRow({ rowId: 'm1', inputs: ['r0', 'r1', 'r2', 'r3'], inputTags }))
    await catalog.forgetMerged('a', 'log', FAR_FUTURE_MS)
    // Named like one that is gone, and between two of them.
    const second = sealedRow({ rowId: 'r15', inputs: ['m1', 'r4'], inputTags })
    await catalog.mergeSealed(second)
    await catalog.forgetMerged('a', 'log', FAR_FUTURE_MS)
    await catalog.markIndexed([{ ...second, indexed: 'one' }, sealedRow({ rowId: 'r5', indexed: 'one' }), sealedRow({ rowId: 'r1', indexed: 'one' })])
    await catalog.markIndexed([{ ...second, indexed: 'two' }])
    const found = await catalog.readSealed('a', 'log', 0n, DAY)
    expect(new Map(found.map(({ rowId, indexed }) => [rowId, indexed]))).toEqual(new Map([['r15', 'two'], ['r5', 'one'], ['r6', undefined], ['r7', undefined]]))
    expect(found.find(({ rowId }) => rowId === 'r15')).toEqual({ ...second, indexed: 'two' })
    await catalog.mergeSealed(sealedRow({ rowId: 'm3', inputs: ['r15', 'r5'], inputTags }))
    expect(new Set((await catalog.expireSealed('a', 'log', DAY)).map(({ rowId }) => rowId))).toEqual(new Set(['m3', 'r15', 'r5', 'r6', 'r7']))
    await catalog.markIndexed([{ ...second, indexed: 'three' }, sealedRow({ rowId: 'r6', indexed: 'three' })])
    expect(await idsOf(catalog)).toEqual(new Set())
    expect(await catalog.forgetMerged('a', 'log', FAR_FUTURE_MS)).toEqual([])
    await expect(catalog.mergeSealed(sealedRow({ rowId: 'm4', inputs: ['r6', 'r7'], inputTags }))).rejects.toThrow(FencedError)
    expect(await catalog.expireSealed('a', 'log', DAY)).toEqual([])
  })
}

/** A catalog with committed entries and a sealer that has claimed. */
async function sealingCatalog(open: () => Promise<Catalog>): Promise<Catalog> {
  const catalog = await open()
  await catalog.claimStream('g/0', 'w')
  for (let i = 0; i < 5; i++) await catalog.commit('g/0', entryAfter(await catalog.readPosition('g/0')))
  await catalog.claimSealer('g/0', 's')
  return catalog
}

const idsOf = async (catalog: Catalog, tenantId = 'a', fromDayNs = 0n, toDayNs = 100n * DAY): Promise<Set<string>> => new Set((await catalog.readSealed(tenantId, 'log', fromDayNs, toDayNs)).map(({ rowId }) => rowId))

/** Repeats what the port says may be repeated: an engine under contention may not tell an outcome. */
async function settled<Result>(work: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof OutcomeUnknownError) && !(error instanceof CatalogUnavailableError)) throw error
    }
  }
}

export const DAY = 86_400_000_000_000n
const FAR_FUTURE_MS = 9e15

/** The entry that continues a log. */
export function entryAfter(at: CommitPosition, { records = 1, ...part }: Partial<CommitEntry> & { readonly records?: number } = {}): CommitEntry {
  return {
    epoch: at.epoch, sequence: at.sequence + 1, firstOffset: at.nextOffset, nextOffset: at.nextOffset + records, nextSourceOffset: at.nextSourceOffset + records,
    pack: undefined, directory: [], requests: [], committedMs: 1_700_000_000_000, ...part,
  }
}

export function fragmentRow(part: Partial<FragmentRow> = {}): FragmentRow {
  return { tenantId: 'a', kind: 'log', dayNs: 0n, rows: 10, minTimeOffset: 0, maxTimeOffset: 1000, start: 0, end: 100, ...part }
}

export function sealedRow(part: Partial<SealedRow> = {}): SealedRow {
  return { ...fragmentRow(), rowId: 'r', object: 'g/0:sealed:1:1:aaa', stream: 'g/0', epoch: 1, sequence: 1, inputs: [], inputTags: [], indexed: undefined, ...part }
}

let requestCount = 0
function request(part: Partial<CommittedRequest> = {}): CommittedRequest {
  return { tenantId: 'a', id: (++requestCount).toString(16).padStart(32, '0'), part: 0, expiresMs: 1000, ...part }
}

async function requestsOf(catalog: Catalog, stream: string, aliveMs: number): Promise<CommittedRequest[]> {
  const found: CommittedRequest[] = []
  for await (const page of catalog.readRequestIds(stream, aliveMs)) found.push(...page)
  return found
}
