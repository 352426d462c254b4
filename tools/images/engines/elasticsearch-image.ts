import { existsSync, readdirSync } from 'node:fs'
import { copyFile, cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ELASTICSEARCH_JAVA, ELASTICSEARCH_LOG4J2, ELASTICSEARCH_VERSION, installElasticsearch } from '../../engines/elasticsearch-node.ts'
import { copyLibraries } from './copy-programs.ts'
import { JAVA_HOME, SCRIPTS, type EngineImage } from './engine-image.ts'

export const elasticsearchImage: EngineImage = {
  name: 'elasticsearch',
  user: { name: 'elasticsearch', id: 1000, groupId: 0 },
  java: ELASTICSEARCH_JAVA,
  ownFolders: ['config', 'data', 'logs', 'plugins'].map((name) => `/usr/share/elasticsearch/${name}`),
  environment: { ES_JAVA_HOME: JAVA_HOME, ELASTIC_CONTAINER: 'true' },
  workFolder: '/usr/share/elasticsearch',
  entrypoint: ['/usr/local/bin/docker-entrypoint.sh'],
  command: ['eswrapper'],
  async layOut(root, programs) {
    const home = join(root, 'usr/share/elasticsearch')
    await cp(await installElasticsearch(programs), home, { recursive: true })
    await mkdir(join(home, 'config/jvm.options.d'), { recursive: true })
    await writeFile(join(home, 'config/elasticsearch.yml'), 'cluster.name: docker-cluster\nnetwork.host: 0.0.0.0\n')
    await writeFile(join(home, 'config/log4j2.properties'), ELASTICSEARCH_LOG4J2)
    await mkdir(join(root, 'usr/local/bin'), { recursive: true })
    await copyFile(join(SCRIPTS, 'elasticsearch-entrypoint.sh'), join(root, 'usr/local/bin/docker-entrypoint.sh'))
    await copyLibraries(root, nativeLibraries(join(home, 'lib/platform')), { prefix: root })
    return `Elasticsearch ${ELASTICSEARCH_VERSION} from Maven Central, without its optional modules`
  },
}

/** Of this machine's platform alone: those of others do not load. */
function nativeLibraries(folder: string): readonly string[] {
  const platform = join(folder, `linux-${process.arch === 'arm64' ? 'aarch64' : 'x64'}`)
  return existsSync(platform) ? readdirSync(platform).map((name) => join(platform, name)) : []
}
