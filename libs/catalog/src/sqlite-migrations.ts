/** Steps from an empty file to the newest schema. Never change one that was released: add another. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE first_values (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT;
  CREATE TABLE tenants (tenant TEXT PRIMARY KEY, name TEXT NOT NULL, retention_days INTEGER NOT NULL) WITHOUT ROWID, STRICT;
  CREATE TABLE keys (hash TEXT PRIMARY KEY, tenant TEXT, scopes TEXT NOT NULL) WITHOUT ROWID, STRICT;
  CREATE TABLE settings (tenant TEXT, name TEXT, value TEXT NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (tenant, name)) WITHOUT ROWID, STRICT;

  CREATE TABLE streams (
    id INTEGER PRIMARY KEY, stream TEXT NOT NULL UNIQUE,
    epoch INTEGER NOT NULL DEFAULT 0, owner TEXT, sequence INTEGER NOT NULL DEFAULT 0, next_offset INTEGER NOT NULL DEFAULT 0, next_source_offset INTEGER NOT NULL DEFAULT 0,
    seal_epoch INTEGER NOT NULL DEFAULT 0, seal_owner TEXT, seal_sequence INTEGER NOT NULL DEFAULT 0, sealed_through INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE TABLE entries (
    stream INTEGER NOT NULL REFERENCES streams, sequence INTEGER NOT NULL, epoch INTEGER NOT NULL, first_offset INTEGER NOT NULL, next_offset INTEGER NOT NULL,
    next_source_offset INTEGER NOT NULL, pack TEXT, directory BLOB NOT NULL, committed_ms INTEGER NOT NULL, PRIMARY KEY (stream, sequence)
  ) STRICT;
  -- Ids of one entry that expire within the same minutes are one row; expires_ms is the latest.
  CREATE TABLE requests (id INTEGER PRIMARY KEY, stream INTEGER NOT NULL REFERENCES streams, expires_ms INTEGER NOT NULL, ids BLOB NOT NULL) STRICT;
  CREATE INDEX requests_by_age ON requests (stream, expires_ms);

  -- Every claim of a sealer is a row, and begins with the last sequence named before it. A tag (stream, epoch, sequence) is named when its sequence
  -- is not above the last that its epoch has named: a sealer only puts rows above where it began.
  CREATE TABLE seal_epochs (stream INTEGER NOT NULL REFERENCES streams, epoch INTEGER NOT NULL, last_sequence INTEGER NOT NULL, PRIMARY KEY (stream, epoch)) WITHOUT ROWID, STRICT;
  CREATE TABLE sealed (
    tenant TEXT NOT NULL, kind INTEGER NOT NULL, day INTEGER NOT NULL, row_id TEXT NOT NULL, rows INTEGER NOT NULL, min_time INTEGER NOT NULL, max_time INTEGER NOT NULL,
    object TEXT NOT NULL, start INTEGER NOT NULL, "end" INTEGER NOT NULL, stream INTEGER NOT NULL REFERENCES streams, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL,
    inputs TEXT NOT NULL, input_tags TEXT NOT NULL, indexed TEXT, replaced_ms INTEGER, PRIMARY KEY (tenant, kind, day, row_id)
  ) WITHOUT ROWID, STRICT;
  CREATE UNIQUE INDEX sealed_by_id ON sealed (row_id);
  CREATE INDEX sealed_by_object ON sealed (object);
  CREATE INDEX sealed_by_tag ON sealed (stream, epoch, sequence);
  CREATE INDEX sealed_replaced ON sealed (tenant, kind, replaced_ms) WHERE replaced_ms IS NOT NULL;
  `,
  `
  ALTER TABLE keys ADD COLUMN name TEXT;
  ALTER TABLE keys ADD COLUMN created_ms INTEGER;
  CREATE INDEX keys_by_tenant ON keys (tenant);
  `,
]
