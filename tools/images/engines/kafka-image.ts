import { copyFile, cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { installKafka, KAFKA_JAVA, KAFKA_VERSION } from '../../engines/kafka-node.ts'
import { SCRIPTS, type EngineImage } from './engine-image.ts'

/** Turns its environment into a configuration by the class that the official image has for it, which is in Kafka's own jar. */
export const kafkaImage: EngineImage = {
  name: 'kafka',
  user: { name: 'appuser', id: 1000, groupId: 1000 },
  java: KAFKA_JAVA,
  ownFolders: ['/opt/kafka/config', '/var/lib/kafka/data'],
  environment: {},
  workFolder: '/',
  entrypoint: [],
  command: ['/etc/kafka/docker/run'],
  async layOut(root, programs) {
    await cp(await installKafka(programs), join(root, 'opt/kafka/libs'), { recursive: true, filter: (path) => !path.endsWith('pom.xml') })
    const defaults = join(root, 'etc/kafka/docker')
    await mkdir(defaults, { recursive: true })
    await mkdir(join(root, 'mnt/shared/config'), { recursive: true })
    await writeFile(join(defaults, 'server.properties'), '')
    for (const name of ['log4j2.yaml', 'tools-log4j2.yaml']) await writeFile(join(defaults, name), LOG4J2)
    await copyFile(join(SCRIPTS, 'kafka-run.sh'), join(defaults, 'run'))
    return `Apache Kafka ${KAFKA_VERSION} from Maven Central`
  },
}

const LOG4J2 = `Configuration:
  Appenders:
    Console:
      name: STDOUT
      PatternLayout:
        pattern: "%d %p %c{1} %m%n"
  Loggers:
    Root:
      level: INFO
      AppenderRef:
        ref: STDOUT
`
