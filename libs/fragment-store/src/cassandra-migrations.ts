import { migrateCassandra, type CassandraMigration, type MigrationOptions } from '@millrace/cassandra/cassandra-migrations'

/** Brings the tables of the objects to their newest version. @throws {CassandraUnavailableError} */
export async function migrateObjects(options: MigrationOptions): Promise<readonly string[]> {
  return await migrateCassandra(options, objectMigrations)
}

/** How long a deletion is remembered; see docs/design/cassandra-objects.md. Longer than hints are kept (3 h), and what comes back later is named by nothing. */
const TOMBSTONE_SECONDS = 24 * 60 * 60

/** Bytes are compressed already, and the driver's frame has no checksum: the compressor that does nothing is there for the checksums it writes. */
const BYTES_OPTIONS = `compression = {'class': 'NoopCompressor', 'chunk_length_in_kb': 64}
  AND caching = {'keys': 'ALL', 'rows_per_partition': 'NONE'} AND gc_grace_seconds = ${TOMBSTONE_SECONDS} AND speculative_retry = '99p'
  AND compaction = {'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'T4'}`

const KEY_OPTIONS = `gc_grace_seconds = ${TOMBSTONE_SECONDS} AND compaction = {'class': 'UnifiedCompactionStrategy', 'scaling_parameters': 'L10'}`

/** The tables of the objects; docs/design/cassandra-objects.md draws them. */
export const objectMigrations: readonly CassandraMigration[] = [
  {
    id: 'objects-1',
    statements: [
      ...['pack_bytes', 'sealed_bytes'].map((table) =>
        `CREATE TABLE IF NOT EXISTS ${table} (object text, content blob, part int, row int, bytes blob, PRIMARY KEY ((object, content, part), row))
  WITH comment = 'bytes of objects, in rows of 256 KB, four to a partition' AND ${BYTES_OPTIONS}`),
      `CREATE TABLE IF NOT EXISTS object_heads (object text PRIMARY KEY, content blob, size int)
  WITH comment = 'an object exists once its head does; conditional writes only' AND ${KEY_OPTIONS}`,
      `CREATE TABLE IF NOT EXISTS object_keys (stream text, kind text, bucket bigint, sequence bigint, epoch bigint, attempt text, content blob, size int, PRIMARY KEY ((stream, kind, bucket), sequence, epoch, attempt, content))
  WITH comment = 'what was ever put and not yet removed, by stream' AND ${KEY_OPTIONS}`,
      `CREATE TABLE IF NOT EXISTS object_buckets (stream text, kind text, bucket bigint, is_used boolean, PRIMARY KEY (stream, kind, bucket))
  WITH comment = 'buckets of object_keys that may hold something' AND ${KEY_OPTIONS}`,
    ],
  },
]
