import assert from 'node:assert/strict'
import { crc32 } from 'node:zlib'
import { safeIntegerOf, textOf } from '@millrace/cassandra/cassandra-row'
import type { CassandraRow } from '@millrace/cassandra/cassandra-session'
import { MAX_SETTING_LENGTH, SettingConflictError, TenantExistsError, type ApiKey, type KeyEntry, type Scope, type Settings, type Tenant, type Tenants } from './catalog.ts'
import { inParallel, type CassandraDatabase } from './cassandra-database.ts'

export function createCassandraTenants(db: CassandraDatabase): Tenants {
  return {
    async createTenant({ tenantId, name, retentionDays }) {
      assert(/^[a-z0-9-]{1,40}$/.test(tenantId) && retentionDays > 0, 'a tenant has an id of a-z, 0-9 and -, and a retention')
      const refused = await db.conditional([{ cql: 'INSERT INTO tenants (bucket, tenant, name, retention_days) VALUES (?, ?, ?, ?) IF NOT EXISTS', parameters: [bucketOf(tenantId), tenantId, name, retentionDays] }])
      if (refused !== undefined) throw new TenantExistsError(`tenant ${tenantId} exists`)
    },
    async findTenant(tenantId) {
      const [row] = await db.read('SELECT tenant, name, retention_days FROM tenants WHERE bucket = ? AND tenant = ?', [bucketOf(tenantId), tenantId])
      return row === undefined ? undefined : tenantOf(row)
    },
    async listTenants() {
      const buckets = Array.from({ length: TENANT_BUCKETS }, (_, bucket) => bucket)
      const rows = await inParallel(buckets, async (bucket) => await db.read('SELECT tenant, name, retention_days FROM tenants WHERE bucket = ?', [bucket]))
      return rows.flat().map(tenantOf)
    },
    async setRetention(tenantId, retentionDays) {
      assert(retentionDays > 0, 'a tenant has a retention')
      const refused = await db.repeatable([{ cql: 'UPDATE tenants SET retention_days = ? WHERE bucket = ? AND tenant = ? IF EXISTS', parameters: [retentionDays, bucketOf(tenantId), tenantId] }])
      return refused === undefined
    },
    async putKey({ hash, tenantId, scopes, name = '', createdMs = 0 }) {
      await db.write('INSERT INTO api_keys (hash, tenant, scopes, name, created_ms) VALUES (?, ?, ?, ?, ?)', [hash, tenantId ?? '', scopes.join(' '), name, createdMs])
    },
    async findKey(hash) {
      // Without what is only for people: every request stands here, also while a migration still has to add these columns.
      const [row] = await db.read('SELECT hash, tenant, scopes FROM api_keys WHERE hash = ?', [hash])
      return row === undefined ? undefined : keyOf(row)
    },
    async listKeys(tenantId) {
      const keys: KeyEntry[] = []
      // The whole table: it is the truth about keys, and a second one by tenant could lack one that must be revoked. 100,000 keys are 10 MB.
      for await (const rows of db.pages('SELECT hash, tenant, scopes, name, created_ms FROM api_keys', [], KEYS_PER_PAGE)) {
        keys.push(...rows.filter((row) => textOf(row, 'tenant') === (tenantId ?? '')).map(entryOf))
      }
      return keys
    },
    async removeKey(hash) {
      const [row] = await db.read('SELECT WRITETIME(scopes) AS written FROM api_keys WHERE hash = ?', [hash])
      // Dated right after what it removes: with a time of a clock that is behind it would remove nothing, and with one that is ahead the key could not be put again.
      if (row !== undefined) await db.write('DELETE FROM api_keys USING TIMESTAMP ? WHERE hash = ?', [safeIntegerOf(row, 'written') + 1, hash])
    },
  }
}

export function createCassandraSettings(db: CassandraDatabase): Settings {
  return {
    async readSetting(tenantId, name) {
      const [row] = await db.readSerial('SELECT value, version FROM settings WHERE tenant = ? AND name = ?', [tenantId, name])
      return row === undefined ? undefined : { value: textOf(row, 'value'), version: safeIntegerOf(row, 'version') }
    },
    async writeSetting(tenantId, name, value, expectedVersion) {
      assert(value.length <= MAX_SETTING_LENGTH, 'a setting has at most MAX_SETTING_LENGTH characters')
      const refused = await db.conditional([
        expectedVersion === 0
          ? { cql: 'INSERT INTO settings (tenant, name, value, version) VALUES (?, ?, ?, ?) IF NOT EXISTS', parameters: [tenantId, name, value, 1] }
          : { cql: 'UPDATE settings SET value = ?, version = ? WHERE tenant = ? AND name = ? IF version = ?', parameters: [value, expectedVersion + 1, tenantId, name, expectedVersion] },
      ])
      if (refused !== undefined) throw new SettingConflictError(`setting ${name} is not at version ${expectedVersion}`)
      return expectedVersion + 1
    },
  }
}

/** The value of a name, of which the first writer decides. Safe to repeat. */
export async function firstValue(db: CassandraDatabase, name: string, candidate: string): Promise<string> {
  const found = await readFirstValue(db, name)
  if (found !== undefined) return found
  const refused = await db.repeatable([{ cql: 'INSERT INTO first_values (name, value) VALUES (?, ?) IF NOT EXISTS', parameters: [name, candidate] }])
  const [winner] = refused ?? []
  return winner === undefined ? candidate : textOf(winner, 'value')
}

export async function readFirstValue(db: CassandraDatabase, name: string): Promise<string | undefined> {
  const [row] = await db.readSerial('SELECT value FROM first_values WHERE name = ?', [name])
  return row === undefined ? undefined : textOf(row, 'value')
}

/** Partitions of the table of tenants: 100,000 tenants are 6,000 rows in each. Stored: changing it needs a migration. */
const TENANT_BUCKETS = 16

const KEYS_PER_PAGE = 1_000

function bucketOf(tenantId: string): number {
  return crc32(tenantId) % TENANT_BUCKETS
}

function tenantOf(row: CassandraRow): Tenant {
  return { tenantId: textOf(row, 'tenant'), name: textOf(row, 'name'), retentionDays: safeIntegerOf(row, 'retention_days') }
}

function keyOf(row: CassandraRow): ApiKey {
  const tenant = textOf(row, 'tenant')
  const scopes = textOf(row, 'scopes').split(' ').filter((scope): scope is Scope => scope === 'ingest' || scope === 'query' || scope === 'admin')
  return { hash: textOf(row, 'hash'), tenantId: tenant === '' ? undefined : tenant, scopes }
}

/** Columns of a key that was made before they were there are null; those of one without a name are empty. */
function entryOf(row: CassandraRow): KeyEntry {
  const name = row['name'] === null ? '' : textOf(row, 'name')
  const createdMs = row['created_ms'] === null ? 0 : safeIntegerOf(row, 'created_ms')
  return { ...keyOf(row), ...(name === '' ? {} : { name }), ...(createdMs === 0 ? {} : { createdMs }) }
}
