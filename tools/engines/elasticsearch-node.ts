import { statSync } from 'node:fs'
import { chown, cp, mkdir, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { EngineError } from './engine.ts'
import type { EnginePorts } from './engine-settings.ts'
import { findJava, type JavaRange } from './find-java.ts'
import { installZip } from './install-maven.ts'
import type { NodeOptions, NodePlan } from './node-plan.ts'

/** The real server from Maven Central: the distribution that Elastic's own integration tests run, without the optional modules. */
export function planElasticsearchNode({ folder, programs, settings }: NodeOptions): NodePlan {
  const configFolder = join(folder, 'config')
  const temporaryFolder = join(folder, 'tmp')
  const serverPidFile = join(folder, 'server.pid')
  return {
    name: 'elasticsearch', folder, settings, serverPidFile,
    async prepare() {
      const java = findJava('Elasticsearch', ELASTICSEARCH_JAVA)
      const program = await installElasticsearch(programs)
      for (const path of [join(configFolder, 'jvm.options.d'), join(folder, 'data'), join(folder, 'logs'), temporaryFolder]) await mkdir(path, { recursive: true })
      await cp(join(program, 'config/jvm.options'), join(configFolder, 'jvm.options'))
      await writeFile(join(configFolder, 'elasticsearch.yml'), renderElasticsearchConfig(settings.ports, folder))
      await writeFile(join(configFolder, 'log4j2.properties'), ELASTICSEARCH_LOG4J2)
      const heap = settings.heaps.elasticsearch
      await writeFile(join(configFolder, 'jvm.options.d/millrace.options'), `-Xms${heap}\n-Xmx${heap}\n-XX:-AlwaysPreTouch\n-XX:-HeapDumpOnOutOfMemoryError\n`)
      const user = await prepareUser({ folder, program })
      return { command: join(program, 'bin/elasticsearch'), args: ['-p', serverPidFile], env: { ES_JAVA_HOME: java.home, ES_PATH_CONF: configFolder, ES_TMPDIR: temporaryFolder }, ...(user === undefined ? {} : { user }) }
    },
  }
}

/** Returns the folder of the server, with its bin, config and lib. */
export async function installElasticsearch(programs: string): Promise<string> {
  const home = join(programs, `elasticsearch-${ELASTICSEARCH_VERSION}`)
  await installZip(home, `org.elasticsearch.distribution.integ-test-zip:elasticsearch:${ELASTICSEARCH_VERSION}`, ELASTICSEARCH_SHA256)
  return join(home, `elasticsearch-${ELASTICSEARCH_VERSION}`)
}

export const ELASTICSEARCH_VERSION = '9.5.3'
export const ELASTICSEARCH_JAVA: JavaRange = { first: 21, last: 25 }

/** Of the zip of that version. */
const ELASTICSEARCH_SHA256 = 'bec49f3b8d00e75c8d1cec85c35298635ec9fbd3ae80ef5aeb6bc05abdb3db2d'

/** Elasticsearch refuses to be root, so root gives the node's folder to "nobody" and starts it as that user. `undefined` for everyone else. */
async function prepareUser({ folder, program }: { readonly folder: string; readonly program: string }): Promise<number | undefined> {
  if (process.getuid?.() !== 0) return undefined
  for (const path of [folder, program]) {
    const closed = closedAncestor(path)
    if (closed !== undefined) throw new EngineError(`root starts Elasticsearch as another user, who cannot pass ${closed}: choose a folder elsewhere, by ENGINES_HOME or --home`)
  }
  await chown(folder, NOBODY, NOBODY)
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) await chown(join(entry.parentPath, entry.name), NOBODY, NOBODY)
  return NOBODY
}

/** User and group that own nothing, on every Linux. */
const NOBODY = 65_534

/** The nearest folder above that only its owner may pass. */
export function closedAncestor(path: string): string | undefined {
  const parent = dirname(path)
  if (parent === path) return undefined
  return (statSync(parent).mode & 0o001) === 0 ? parent : closedAncestor(parent)
}

export function renderElasticsearchConfig(ports: EnginePorts, folder: string): string {
  return `cluster.name: millrace-dev
node.name: node-1
path.data: ${folder}/data
path.logs: ${folder}/logs
network.host: 127.0.0.1
http.port: ${ports.elasticsearch}
transport.port: ${ports.elasticsearchTransport}
discovery.type: single-node
xpack.security.enabled: false
# A nearly full disk of a developer must not make indices read-only.
cluster.routing.allocation.disk.threshold_enabled: false
# Tests remove their indices by prefix.
action.destructive_requires_name: false
`
}

export const ELASTICSEARCH_LOG4J2 = `status=error
rootLogger.level=info
rootLogger.appenderRef.console.ref=console
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d %p %c{1.} %m%consoleException%n
`
