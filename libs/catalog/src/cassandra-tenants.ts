import assert from 'node:assert/strict'
import { crc32 } from 'node:zlib'
import { safeIntegerOf, textOf } from '@millrace/cassandra/cassandra-row'
import type { CassandraRow } from '@millrace/cassandra/cassandra-session'
import { MAX_SETTING_LENGTH, SettingConflictError, TenantExistsError, type ApiKey, type Scope, type Settings, type Tenant, type Tenants } from './catalog.ts'
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
    async putKey({ hash, tenantId, scopes }) {
      await db.write('INSERT INTO api_keys (hash, tenant, scopes) VALUES (?, ?, ?)', [hash, tenantId ?? '', scopes.join(' ')])
    },
    async findKey(hash) {
      const [row] = await db.read('SELECT hash, tenant, scopes FROM api_keys WHERE hash = ?', [hash])
      return row === undefined ? undefined : keyOf(row)
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
