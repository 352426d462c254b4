import assert from 'node:assert/strict'
import type { Clock } from '@millrace/runtime/clock'
import type { Disk } from '@millrace/runtime/disk'
import type { Failpoints } from '@millrace/runtime/failpoints'
import { CatalogUnavailableError, MAX_SETTING_LENGTH, SettingConflictError, TenantExistsError, type ApiKey, type Catalog, type Scope, type Settings, type Tenant, type Tenants, type TopicGeneration } from './catalog.ts'
import { createCommitLog } from './sqlite-commit-log.ts'
import { asNumber, asOptionalText, asText, SqliteDatabase, type SqliteRow } from './sqlite-database.ts'
import { createSealLog } from './sqlite-seal-log.ts'

export interface SqliteCatalogOptions {
  /** Folder of `catalog.db`; created when missing. Several threads of one process may open it at once. */
  readonly root: string
  readonly disk: Disk
  readonly clock: Clock
  readonly failpoints: Failpoints
}

/** Keeps the catalog in one SQLite file. @throws {CatalogUnavailableError} */
export async function openSqliteCatalog({ root, disk, clock, failpoints }: SqliteCatalogOptions): Promise<Catalog> {
  let db: SqliteDatabase
  try {
    await disk.makeDirectory(root)
    db = new SqliteDatabase(`${root}/catalog.db`)
    await disk.syncDirectory(root)
  } catch (cause) {
    throw cause instanceof CatalogUnavailableError ? cause : new CatalogUnavailableError('the folder of the catalog cannot be used', { cause })
  }
  return {
    ...createTenants(db),
    ...createSettings(db),
    ...createCommitLog(db, failpoints),
    ...createSealLog(db, { clock, failpoints }),
    async openGeneration(candidate) {
      return parseGeneration(firstValue(db, 'generation', JSON.stringify(candidate)))
    },
    async currentGeneration() {
      const row = db.get('SELECT value FROM first_values WHERE name = ?', 'generation')
      return row === undefined ? undefined : parseGeneration(asText(row['value']))
    },
    async openSecret(name, candidate) {
      return firstValue(db, `secret ${name}`, candidate)
    },
    async [Symbol.asyncDispose]() {
      db.close()
    },
  }
}

function createTenants(db: SqliteDatabase): Tenants {
  return {
    async createTenant({ tenantId, name, retentionDays }) {
      assert(/^[a-z0-9-]{1,40}$/.test(tenantId) && retentionDays > 0, 'a tenant has an id of a-z, 0-9 and -, and a retention')
      const added = db.run('INSERT INTO tenants VALUES (?, ?, ?) ON CONFLICT DO NOTHING', tenantId, name, retentionDays)
      if (added === 0) throw new TenantExistsError(`tenant ${tenantId} exists`)
    },
    async findTenant(tenantId) {
      const row = db.get('SELECT * FROM tenants WHERE tenant = ?', tenantId)
      return row === undefined ? undefined : tenantOf(row)
    },
    async listTenants() {
      return db.all('SELECT * FROM tenants ORDER BY tenant').map(tenantOf)
    },
    async setRetention(tenantId, retentionDays) {
      assert(retentionDays > 0, 'a tenant has a retention')
      return db.run('UPDATE tenants SET retention_days = ? WHERE tenant = ?', retentionDays, tenantId) > 0
    },
    async putKey({ hash, tenantId, scopes, name, createdMs }) {
      db.run('INSERT OR REPLACE INTO keys (hash, tenant, scopes, name, created_ms) VALUES (?, ?, ?, ?, ?)', hash, tenantId ?? null, scopes.join(' '), name ?? null, createdMs ?? null)
    },
    async findKey(hash) {
      const row = db.get('SELECT * FROM keys WHERE hash = ?', hash)
      return row === undefined ? undefined : keyOf(row)
    },
    async listKeys(tenantId) {
      return db.all('SELECT * FROM keys WHERE tenant IS ?', tenantId ?? null).map((row) => ({
        ...keyOf(row), ...(row['name'] === null ? {} : { name: asText(row['name']) }), ...(row['created_ms'] === null ? {} : { createdMs: asNumber(row['created_ms']) }),
      }))
    },
    async removeKey(hash) {
      db.run('DELETE FROM keys WHERE hash = ?', hash)
    },
  }
}

function createSettings(db: SqliteDatabase): Settings {
  return {
    async readSetting(tenantId, name) {
      const row = db.get('SELECT value, version FROM settings WHERE tenant = ? AND name = ?', tenantId, name)
      return row === undefined ? undefined : { value: asText(row['value']), version: asNumber(row['version']) }
    },
    async writeSetting(tenantId, name, value, expectedVersion) {
      assert(value.length <= MAX_SETTING_LENGTH, 'a setting has at most MAX_SETTING_LENGTH characters')
      const written = expectedVersion === 0
        ? db.run('INSERT INTO settings VALUES (?, ?, ?, 1) ON CONFLICT DO NOTHING', tenantId, name, value)
        : db.run('UPDATE settings SET value = ?3, version = version + 1 WHERE tenant = ?1 AND name = ?2 AND version = ?4', tenantId, name, value, expectedVersion)
      if (written === 0) throw new SettingConflictError(`setting ${name} is not at version ${expectedVersion}`)
      return expectedVersion + 1
    },
  }
}

function firstValue(db: SqliteDatabase, name: string, candidate: string): string {
  db.run('INSERT INTO first_values VALUES (?, ?) ON CONFLICT DO NOTHING', name, candidate)
  return asText(db.get('SELECT value FROM first_values WHERE name = ?', name)?.['value'])
}

function parseGeneration(text: string): TopicGeneration {
  const value: unknown = JSON.parse(text)
  assert(typeof value === 'object' && value !== null && 'generation' in value && typeof value.generation === 'string' && 'partitions' in value && typeof value.partitions === 'number', 'the catalog holds a generation')
  return { generation: value.generation, partitions: value.partitions }
}

function tenantOf(row: SqliteRow): Tenant {
  return { tenantId: asText(row['tenant']), name: asText(row['name']), retentionDays: asNumber(row['retention_days']) }
}

function keyOf(row: SqliteRow): ApiKey {
  const scopes = asText(row['scopes']).split(' ').filter((scope): scope is Scope => scope === 'ingest' || scope === 'query' || scope === 'admin')
  return { hash: asText(row['hash']), tenantId: asOptionalText(row['tenant']), scopes }
}
