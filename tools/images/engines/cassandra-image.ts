import { copyFile, cp, mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { agentOf, CASSANDRA_JAVA, CASSANDRA_JVM_ARGS, CASSANDRA_LOGBACK, CASSANDRA_VERSION, installCassandra } from '../../engines/cassandra-node.ts'
import { SCRIPTS, type EngineImage } from './engine-image.ts'

export const cassandraImage: EngineImage = {
  name: 'cassandra',
  user: { name: 'cassandra', id: 999, groupId: 999 },
  java: CASSANDRA_JAVA,
  ownFolders: ['/etc/cassandra', '/var/lib/cassandra', '/var/log/cassandra'],
  environment: {},
  workFolder: '/',
  entrypoint: ['docker-entrypoint.sh'],
  command: ['cassandra', '-f'],
  async layOut(root, programs) {
    const jars = await installCassandra(programs)
    await cp(jars, join(root, 'opt/cassandra/lib'), { recursive: true, filter: (path) => !path.endsWith('pom.xml') })
    // By a name without its version, which the script would have to know.
    await rename(join(root, 'opt/cassandra/lib', agentOf(jars)), join(root, 'opt/cassandra/lib/jamm.jar'))
    await writeFile(join(root, 'opt/cassandra/jvm-server.options'), `${CASSANDRA_JVM_ARGS.join('\n')}\n`)
    const config = join(root, 'etc/cassandra')
    await mkdir(join(config, 'triggers'), { recursive: true })
    await writeFile(join(config, 'cassandra.yaml'), CONFIG)
    await writeFile(join(config, 'logback.xml'), CASSANDRA_LOGBACK)
    await mkdir(join(root, 'usr/local/bin'), { recursive: true })
    await copyFile(join(SCRIPTS, 'cassandra-entrypoint.sh'), join(root, 'usr/local/bin/docker-entrypoint.sh'))
    return `Apache Cassandra ${CASSANDRA_VERSION} from Maven Central`
  },
}

/** The official file as far as it differs from what the program takes by itself. How the commit log is synced stands here as it does there: the chart says otherwise by system properties. */
const CONFIG = `cluster_name: Test Cluster
num_tokens: 16
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters:
      - seeds: "127.0.0.1:7000"
listen_address: localhost
rpc_address: localhost
# broadcast_address:
# broadcast_rpc_address:
storage_port: 7000
native_transport_port: 9042
start_native_transport: true
endpoint_snitch: SimpleSnitch
data_file_directories:
  - /var/lib/cassandra/data
commitlog_directory: /var/lib/cassandra/commitlog
saved_caches_directory: /var/lib/cassandra/saved_caches
hints_directory: /var/lib/cassandra/hints
cdc_raw_directory: /var/lib/cassandra/cdc_raw
commitlog_sync: periodic
commitlog_sync_period: 10000ms
commitlog_segment_size: 32MiB
memtable_allocation_type: heap_buffers
concurrent_reads: 32
concurrent_writes: 32
authenticator: AllowAllAuthenticator
authorizer: AllowAllAuthorizer
auto_snapshot: true
disk_optimization_strategy: ssd
`
