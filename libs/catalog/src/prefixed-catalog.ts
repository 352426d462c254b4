import type { Catalog, SealedRow } from './catalog.ts'

/**
 * A catalog that looks empty inside one that others use: every name in it begins with `prefix`. For tests on a real engine, where a keyspace for each would take
 * seconds. Only the generation, which a catalog has one of, is not inside.
 */
export function prefixedCatalog(catalog: Catalog, prefix: string): Catalog {
  const inside = (name: string): string => `${prefix}-${name}`
  const outside = (name: string): string => name.slice(prefix.length + 1)
  const rowInside = (row: SealedRow): SealedRow => ({ ...row, tenantId: inside(row.tenantId), stream: inside(row.stream), object: inside(row.object), inputTags: row.inputTags.map((tag) => ({ ...tag, stream: inside(tag.stream) })) })
  const rowOutside = (row: SealedRow): SealedRow => ({ ...row, tenantId: outside(row.tenantId), stream: outside(row.stream), object: outside(row.object), inputTags: row.inputTags.map((tag) => ({ ...tag, stream: outside(tag.stream) })) })
  return {
    openGeneration: async (candidate) => await catalog.openGeneration(candidate),
    currentGeneration: async () => await catalog.currentGeneration(),
    openSecret: async (name, candidate) => await catalog.openSecret(inside(name), candidate),

    createTenant: async (tenant) => { await catalog.createTenant({ ...tenant, tenantId: inside(tenant.tenantId) }) },
    async findTenant(tenantId) {
      const tenant = await catalog.findTenant(inside(tenantId))
      return tenant === undefined ? undefined : { ...tenant, tenantId }
    },
    listTenants: async () => (await catalog.listTenants()).filter(({ tenantId }) => tenantId.startsWith(`${prefix}-`)).map((tenant) => ({ ...tenant, tenantId: outside(tenant.tenantId) })),
    setRetention: async (tenantId, retentionDays) => await catalog.setRetention(inside(tenantId), retentionDays),
    putKey: async (key) => { await catalog.putKey({ ...key, hash: inside(key.hash) }) },
    async findKey(hash) {
      const key = await catalog.findKey(inside(hash))
      return key === undefined ? undefined : { ...key, hash }
    },
    listKeys: async (tenantId) => (await catalog.listKeys(tenantId)).filter(({ hash }) => hash.startsWith(`${prefix}-`)).map((key) => ({ ...key, hash: outside(key.hash) })),
    removeKey: async (hash) => { await catalog.removeKey(inside(hash)) },
    readSetting: async (tenantId, name) => await catalog.readSetting(inside(tenantId), name),
    writeSetting: async (tenantId, ...rest) => await catalog.writeSetting(inside(tenantId), ...rest),

    claimStream: async (stream, ownerId) => await catalog.claimStream(inside(stream), ownerId),
    commit: async (stream, entry) => { await catalog.commit(inside(stream), entry) },
    readPosition: async (stream) => await catalog.readPosition(inside(stream)),
    readEntries: async (stream, ...rest) => await catalog.readEntries(inside(stream), ...rest),
    readRequestIds: (stream, aliveMs) => catalog.readRequestIds(inside(stream), aliveMs),
    trimCommits: async (stream, trim) => { await catalog.trimCommits(inside(stream), trim) },

    claimSealer: async (stream, ownerId) => await catalog.claimSealer(inside(stream), ownerId),
    putSealed: async (rows) => { await catalog.putSealed(rows.map(rowInside)) },
    nameSeal: async (stream, seal) => { await catalog.nameSeal(inside(stream), seal) },
    readSealPosition: async (stream) => await catalog.readSealPosition(inside(stream)),
    readSealed: async (tenantId, ...rest) => (await catalog.readSealed(inside(tenantId), ...rest)).map(rowOutside),
    mergeSealed: async (merged) => { await catalog.mergeSealed(rowInside(merged)) },
    forgetMerged: async (tenantId, ...rest) => (await catalog.forgetMerged(inside(tenantId), ...rest)).map(rowOutside),
    markIndexed: async (rows) => { await catalog.markIndexed(rows.map(rowInside)) },
    expireSealed: async (tenantId, ...rest) => (await catalog.expireSealed(inside(tenantId), ...rest)).map(rowOutside),
    isObjectNamed: async (object) => await catalog.isObjectNamed(inside(object)),

    [Symbol.asyncDispose]: async () => { await catalog[Symbol.asyncDispose]() },
  }
}
