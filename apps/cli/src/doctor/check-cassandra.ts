import type { CassandraFacts } from '@millrace/cassandra/inspect-cassandra'
import type { ServiceSettings } from '@millrace/service/settings'
import { checkClock } from './check-clock.ts'
import { counted, type Notes } from './finding.ts'

type Settings = Pick<ServiceSettings, 'cassandraKeyspace' | 'cassandraLocalDataCenter' | 'cassandraReplicationFactor'>

/** What is wrong with a Cassandra that answers. */
export function checkCassandra(notes: Notes, facts: CassandraFacts, { cassandraKeyspace: keyspace, cassandraLocalDataCenter: dataCenter, cassandraReplicationFactor }: Settings): void {
  const { nodes, replication, commitlogSync, migrations } = facts
  const local = nodes.filter((node) => node.dataCenter === dataCenter)
  const down = local.filter(({ isUp }) => !isUp)
  if (local.length === 0) notes.problem(`no node is in data centre ${dataCenter}`, `quorums are taken there, and the nodes are in ${[...new Set(nodes.map((node) => node.dataCenter))].join(', ')}`, 'name the right one by MILLRACE_CASSANDRA_LOCAL_DATA_CENTER')
  else if (down.length > 0) notes.problem(`${down.length} of ${local.length} nodes are down: ${down.map(({ address }) => address).join(', ')}`, 'one more lost replica of a row stops its reads and writes', 'start them again (nodetool status); one that was away for ten days must join anew')
  else notes.ok(`${counted(local.length, 'node')} up, version ${[...new Set(local.map(({ version }) => version))].join(', ')}`)
  const old = local.filter(({ version }) => Number(version.split('.')[0]) < OLDEST_VERSION)
  if (old.length > 0) notes.problem(`${counted(old.length, 'node')} of a version before ${OLDEST_VERSION}`, 'the tables use unified compaction, which came with it', `upgrade them to Cassandra ${OLDEST_VERSION}`)
  checkClock(notes, 'Cassandra', facts)
  if (replication === undefined) {
    notes.problem(`there is no keyspace ${keyspace}`, 'nothing has made it yet, or the settings name another', 'run millrace migrate, or mend MILLRACE_CASSANDRA_KEYSPACE')
    return
  }
  checkCopies(notes, { copies: replication.get(dataCenter) ?? 0, wanted: cassandraReplicationFactor, nodes: local.length, keyspace, dataCenter })
  if (commitlogSync === 'periodic') notes.note('the commit log is synced periodically', 'a power cut on two replicas takes back commits whose records Kafka has let go', 'set commitlog_sync: batch or group in cassandra.yaml of every node')
  if (migrations !== undefined) checkMigrations(notes, migrations)
}

/** The first with unified compaction. */
const OLDEST_VERSION = 5

function checkCopies(notes: Notes, { copies, wanted, nodes, keyspace, dataCenter }: { readonly copies: number; readonly wanted: number; readonly nodes: number; readonly keyspace: string; readonly dataCenter: string }): void {
  const alter = `ALTER KEYSPACE ${keyspace} WITH replication = {'class': 'NetworkTopologyStrategy', '${dataCenter}': ${wanted}}, then nodetool repair -full`
  if (copies === 0) notes.problem(`keyspace ${keyspace} has no copies in ${dataCenter}`, 'quorums are taken in that data centre, and none can be', alter)
  else if (copies > nodes) notes.problem(`${counted(copies, 'copy', 'copies')} on ${counted(nodes, 'node')}`, 'some copies have no place, so one lost node may cost the quorum', 'add nodes')
  else if (copies !== wanted) notes.note(`${counted(copies, 'copy', 'copies')} of keyspace ${keyspace}, and the settings say ${wanted}`, 'the setting counts only when the keyspace is made', `${alter}, or change the setting`)
  else if (copies < 3) notes.note(`${counted(copies, 'copy', 'copies')} of each row`, 'a quorum does not survive a lost node with less than three', 'have three nodes or more, set MILLRACE_CASSANDRA_REPLICATION_FACTOR=3, ALTER KEYSPACE and repair')
  else notes.ok(`${copies} copies of each row; a quorum answers, conditional writes too`)
}

function checkMigrations(notes: Notes, { missing, changed, unknown }: NonNullable<CassandraFacts['migrations']>): void {
  if (changed.length > 0) notes.problem(`migrations were changed after they had run: ${changed.join(', ')}`, 'this is another program than the one that made the tables', 'use the release that ran them, or a later one')
  if (missing.length > 0) notes.problem(`migrations have not run: ${missing.join(', ')}`, 'this version needs them', 'run millrace migrate')
  if (unknown.length > 0) notes.note(`migrations of a newer version have run: ${unknown.join(', ')}`, 'somebody runs a newer Millrace, or ran one and rolled back', 'nothing: they only add; use that version for millrace doctor as well')
  if (missing.length + changed.length === 0) notes.ok('all migrations of this version have run')
}
