import type { CassandraMigration } from '@millrace/cassandra/cassandra-migrations'

/** Steps of the catalog's tables. Never change one that was released: add another. docs/design/catalog-cassandra.md tells what each table is for. */
export const MIGRATIONS: readonly CassandraMigration[] = [
  {
    id: 'catalog-1',
    statements: [
      "CREATE TABLE IF NOT EXISTS first_values (name text PRIMARY KEY, value text) WITH comment = 'values of which the first writer decides; conditional writes only'",
      "CREATE TABLE IF NOT EXISTS tenants (bucket bigint, tenant text, name text, retention_days bigint, PRIMARY KEY ((bucket), tenant)) WITH comment = 'conditional writes only'",
      "CREATE TABLE IF NOT EXISTS api_keys (hash text PRIMARY KEY, tenant text, scopes text) WITH comment = 'plain writes only; an admin key has an empty tenant'",
      "CREATE TABLE IF NOT EXISTS settings (tenant text, name text, value text, version bigint, PRIMARY KEY ((tenant, name))) WITH comment = 'conditional writes only'",

      "CREATE TABLE IF NOT EXISTS commit_heads (stream text PRIMARY KEY, epoch bigint, owner text, sequence bigint, next_offset bigint, next_source_offset bigint, entry_epoch bigint, first_offset bigint, pack text, directory blob, requests blob, committed_ms bigint) WITH comment = 'where each commit log stands, with its last entry; conditional writes only'",
      "CREATE TABLE IF NOT EXISTS commit_entries (stream text, bucket bigint, sequence bigint, epoch bigint, first_offset bigint, next_offset bigint, next_source_offset bigint, pack text, directory blob, committed_ms bigint, PRIMARY KEY ((stream, bucket), sequence)) WITH comment = 'copies of entries that the head has named; dated by their sequence'",
      "CREATE TABLE IF NOT EXISTS commit_requests (stream text, slot bigint, expires_ms bigint, sequence bigint, page bigint, ids blob, PRIMARY KEY ((stream, slot), expires_ms, sequence, page)) WITH comment = 'request ids by the time when they expire; dated by their sequence'",
      "CREATE TABLE IF NOT EXISTS commit_request_slots (stream text, slot bigint, PRIMARY KEY ((stream), slot)) WITH comment = 'slots of commit_requests that hold something; dated by their sequence'",
      "CREATE TABLE IF NOT EXISTS commit_trims (stream text PRIMARY KEY, through bigint) WITH comment = 'entries up to it are gone; dated by itself, so that the highest stays'",

      "CREATE TABLE IF NOT EXISTS seal_log (stream text, ended_epoch bigint, epoch bigint static, owner text static, sequence bigint static, through_commit bigint static, last_sequence bigint, PRIMARY KEY ((stream), ended_epoch)) WITH comment = 'where each seal log stands, and where each earlier epoch ended; conditional writes only'",
      "CREATE TABLE IF NOT EXISTS sealed (tenant text, kind bigint, day bigint, stream text, sequence bigint, row_id text, version bigint static, epoch bigint, rows bigint, min_time bigint, max_time bigint, object text, start bigint, end bigint, inputs text, input_tags text, indexed text, replaced_ms bigint, PRIMARY KEY ((tenant, kind, day, stream), sequence, row_id)) WITH comment = 'sealed rows; new ones are dated 1, marks in ms, conditional writes in microseconds'",
      "CREATE TABLE IF NOT EXISTS sealed_days (tenant text, kind bigint, day bigint, stream text, touched bigint, PRIMARY KEY ((tenant, kind), day, stream)) WITH comment = 'partitions of sealed that may hold rows'",
      "CREATE TABLE IF NOT EXISTS sealed_merges (tenant text, kind bigint, day bigint, stream text, touched bigint, PRIMARY KEY ((tenant, kind), day, stream)) WITH comment = 'partitions of sealed that may hold replaced rows'",
      "CREATE TABLE IF NOT EXISTS sealed_objects (object text, row_id text, tenant text, kind bigint, day bigint, stream text, sequence bigint, epoch bigint, is_merge bigint, PRIMARY KEY ((object), row_id)) WITH comment = 'which sealed rows name an object: written before the row, removed before it'",
    ],
  },
  { id: 'catalog-2', statements: ['ALTER TABLE api_keys ADD IF NOT EXISTS (name text, created_ms bigint)'] },
]
