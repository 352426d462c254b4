import { readdirSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { EngineError } from './engine.ts'
import type { EnginePorts } from './engine-settings.ts'
import { findJava, type JavaRange } from './find-java.ts'
import { installJars } from './install-maven.ts'
import type { NodeOptions, NodePlan } from './node-plan.ts'

/** One node from its jars in Maven Central. */
export function planCassandraNode({ folder, programs, settings }: NodeOptions): NodePlan {
  const configFolder = join(folder, 'config')
  const dataFolder = join(folder, 'data')
  return {
    name: 'cassandra', folder, settings,
    async prepare() {
      const java = findJava('Cassandra', CASSANDRA_JAVA)
      const jars = await installCassandra(programs)
      await mkdir(join(configFolder, 'triggers'), { recursive: true })
      await writeFile(join(configFolder, 'cassandra.yaml'), renderCassandraConfig(settings.ports, dataFolder))
      await writeFile(join(configFolder, 'logback.xml'), CASSANDRA_LOGBACK)
      const properties = cassandraProperties({ configFolder, dataFolder, jmxPort: settings.ports.cassandraJmx })
      return {
        command: join(java.home, 'bin/java'),
        args: [`-Xms${settings.heaps.cassandra}`, `-Xmx${settings.heaps.cassandra}`, ...CASSANDRA_JVM_ARGS, ...properties, `-javaagent:${join(jars, agentOf(jars))}`, '-cp', `${configFolder}:${jars}/*`, 'org.apache.cassandra.service.CassandraDaemon'],
      }
    },
  }
}

/** Returns the folder of its jars. */
export async function installCassandra(programs: string): Promise<string> {
  const jars = join(programs, `cassandra-${CASSANDRA_VERSION}`)
  await installJars(jars, [`org.apache.cassandra:cassandra-all:${CASSANDRA_VERSION}`])
  return jars
}

/** Name of the jar by which it measures objects: it must be Java's agent. @throws {EngineError} it is not there */
export function agentOf(jars: string): string {
  const agent = readdirSync(jars).find((name) => name.startsWith('jamm-'))
  if (agent === undefined) throw new EngineError(`${jars} lacks the jamm jar: remove that folder and start again`)
  return agent
}

export const CASSANDRA_VERSION = '5.0.9'
export const CASSANDRA_JAVA: JavaRange = { first: 11, last: 17 }

export function renderCassandraConfig(ports: EnginePorts, dataFolder: string): string {
  return `cluster_name: millrace-dev
num_tokens: 16
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters:
      - seeds: "127.0.0.1:${ports.cassandraStorage}"
listen_address: 127.0.0.1
rpc_address: 127.0.0.1
storage_port: ${ports.cassandraStorage}
native_transport_port: ${ports.cassandra}
start_native_transport: true
endpoint_snitch: SimpleSnitch
data_file_directories:
  - ${dataFolder}/data
commitlog_directory: ${dataFolder}/commitlog
saved_caches_directory: ${dataFolder}/saved_caches
hints_directory: ${dataFolder}/hints
cdc_raw_directory: ${dataFolder}/cdc_raw
# A write is answered when it is on the disk, not up to ten seconds earlier.
commitlog_sync: batch
commitlog_segment_size: 32MiB
memtable_heap_space: 128MiB
memtable_offheap_space: 256MiB
memtable_allocation_type: offheap_objects
concurrent_reads: 16
concurrent_writes: 16
concurrent_compactors: 1
key_cache_size: 16MiB
file_cache_size: 128MiB
authenticator: AllowAllAuthenticator
authorizer: AllowAllAuthorizer
# Tests drop tables by the hundred; a snapshot of each would keep their data.
auto_snapshot: false
native_transport_max_frame_size: 16MiB
disk_optimization_strategy: ssd
`
}

export const CASSANDRA_LOGBACK = `<configuration>
  <appender name="console" class="ch.qos.logback.core.ConsoleAppender"><encoder><pattern>%d %-5level %logger{20} %msg%n</pattern></encoder></appender>
  <root level="INFO"><appender-ref ref="console"/></root>
</configuration>
`

function cassandraProperties({ configFolder, dataFolder, jmxPort }: { readonly configFolder: string; readonly dataFolder: string; readonly jmxPort: number }): readonly string[] {
  return [
    `-Dcassandra.config=${pathToFileURL(join(configFolder, 'cassandra.yaml')).href}`,
    `-Dlogback.configurationFile=${join(configFolder, 'logback.xml')}`,
    `-Dcassandra.storagedir=${dataFolder}`,
    `-Dcassandra.jmx.local.port=${jmxPort}`,
    '-Dcassandra-foreground=yes',
    // A ring of one has nobody to wait for.
    '-Dcassandra.skip_wait_for_gossip_to_settle=0',
    '-Dcassandra.ring_delay_ms=1000',
    '-Dcassandra.superuser_setup_delay_ms=0',
  ]
}

/** What Cassandra's own start script passes on Java 17, without the diagnostics. */
export const CASSANDRA_JVM_ARGS: readonly string[] = [
  ...['-XX:+UseG1GC', '-XX:+ParallelRefProcEnabled', '-XX:MaxGCPauseMillis=300', '-XX:MaxDirectMemorySize=512m', '-Xss256k', '-XX:+UseThreadPriorities', '-XX:+ExitOnOutOfMemoryError', '-ea'],
  ...['-Djava.net.preferIPv4Stack=true', '-Djdk.attach.allowAttachSelf=true', '-Dio.netty.tryReflectionSetAccessible=true'],
  ...['java.base/jdk.internal.misc', 'java.management.rmi/com.sun.jmx.remote.internal.rmi', 'java.rmi/sun.rmi.registry', 'java.rmi/sun.rmi.server', 'java.sql/java.sql', 'java.base/java.lang.ref', 'jdk.unsupported/sun.misc', 'jdk.attach/sun.tools.attach'].map((name) => `--add-exports=${name}=ALL-UNNAMED`),
  ...[
    ...['java.base/java.lang.module', 'java.base/jdk.internal.loader', 'java.base/jdk.internal.ref', 'java.base/jdk.internal.reflect', 'java.base/jdk.internal.math', 'java.base/jdk.internal.module', 'java.base/jdk.internal.util.jar'],
    ...['jdk.management/com.sun.management.internal', 'java.base/sun.nio.ch', 'java.base/java.io', 'java.base/java.lang.reflect', 'java.base/java.lang', 'java.base/java.util', 'java.base/java.nio'],
  ].map((name) => `--add-opens=${name}=ALL-UNNAMED`),
]
