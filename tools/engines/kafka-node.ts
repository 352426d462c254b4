import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { addressOn, type EnginePorts } from './engine-settings.ts'
import { findJava, type JavaRange } from './find-java.ts'
import { installJars, runInstaller } from './install-maven.ts'
import type { NodeOptions, NodePlan } from './node-plan.ts'

/** Broker and controller in one process (KRaft), from its jars in Maven Central. */
export function planKafkaNode({ folder, programs, settings }: NodeOptions): NodePlan {
  const configFile = join(folder, 'server.properties')
  const dataFolder = join(folder, 'data')
  return {
    name: 'kafka', folder, settings,
    async prepare() {
      const java = join(findJava('Kafka', KAFKA_JAVA).home, 'bin/java')
      const jars = await installKafka(programs)
      await mkdir(folder, { recursive: true })
      await writeFile(join(folder, 'log4j2.properties'), LOG4J2)
      const runClass = [`-Dlog4j2.configurationFile=${join(folder, 'log4j2.properties')}`, '-cp', `${jars}/*`]
      if (!existsSync(dataFolder)) {
        // Formatted beside its place, so that a start that is interrupted here leaves no half-made folder.
        const partial = `${dataFolder}.partial`
        await rm(partial, { recursive: true, force: true })
        await writeFile(configFile, renderKafkaConfig(settings.ports, partial))
        await runInstaller(folder, java, [...runClass, 'kafka.tools.StorageTool', 'format', '-t', randomClusterId(), '-c', configFile], 'Java')
        await rename(partial, dataFolder)
      }
      await writeFile(configFile, renderKafkaConfig(settings.ports, dataFolder))
      const { kafka: heap } = settings.heaps
      return { command: java, args: [`-Xms${heap}`, `-Xmx${heap}`, '-XX:+UseG1GC', '-XX:MaxGCPauseMillis=50', '-XX:+ExitOnOutOfMemoryError', ...runClass, 'kafka.Kafka', configFile] }
    },
  }
}

/** Returns the folder of its jars. */
export async function installKafka(programs: string): Promise<string> {
  const jars = join(programs, `kafka-${KAFKA_VERSION}`)
  await installJars(jars, [`org.apache.kafka:kafka_2.13:${KAFKA_VERSION}`, `org.apache.logging.log4j:log4j-slf4j-impl:${LOG4J_VERSION}`])
  return jars
}

export const KAFKA_VERSION = '4.4.0'
export const KAFKA_JAVA: JavaRange = { first: 17, last: 25 }
/** The log4j that Kafka 4 itself is built against; its own jars bring only the API. */
const LOG4J_VERSION = '2.25.5'

/** 16 random bytes as Kafka writes ids. It refuses those that begin with a dash, which its command line would take for an option. */
function randomClusterId(): string {
  const id = randomBytes(16).toString('base64url')
  return id.startsWith('-') ? randomClusterId() : id
}

export function renderKafkaConfig(ports: EnginePorts, dataFolder: string): string {
  const client = addressOn(ports, 'kafka')
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${ports.kafkaController}
listeners=PLAINTEXT://${client},CONTROLLER://127.0.0.1:${ports.kafkaController}
advertised.listeners=PLAINTEXT://${client}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs=${dataFolder}
# Nothing creates topics by itself: their names hold a random generation id.
auto.create.topics.enable=false
# The bus trims by the commit log, never by age.
log.retention.ms=-1
message.max.bytes=8388608
group.initial.rebalance.delay.ms=0
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
`
}

const LOG4J2 = `rootLogger.level=info
rootLogger.appenderRef.console.ref=console
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d %p %c{1} %m%n
`
