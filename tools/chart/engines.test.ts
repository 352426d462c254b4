import { spawn, spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import { readEngineReferences } from '../images/engines/build-engine-images.ts'
import { ensureHelm } from '../kubernetes/ensure-helm.ts'
import { chartFolder } from './generated-files.ts'

const helm = await ensureHelm()

/** The StatefulSets of the engines by name, with `engines.bundled` and these further values set. */
function renderEngines(...sets: readonly string[]): ReadonlyMap<string, EngineSet> {
  const args = ['template', 'millrace', chartFolder, '--namespace', 'events', '--set', 'engines.bundled=true', ...sets.flatMap((set) => ['--set', set])]
  const { stdout, stderr, status } = spawnSync(helm, args, { encoding: 'utf8', maxBuffer: 64 * 2 ** 20 })
  if (status !== 0) throw new Error(stderr)
  const objects = parseAllDocuments(stdout).map((document) => document.toJS() as EngineSet | null) // of Helm, whose own validation is another test
  return new Map(objects.flatMap((object) => (object?.kind === 'StatefulSet' ? [[object.metadata.labels['app.kubernetes.io/component'] ?? '', object]] : [])))
}

interface EngineSet {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> }
  readonly spec: {
    readonly persistentVolumeClaimRetentionPolicy?: { readonly whenDeleted: string }
    readonly volumeClaimTemplates?: readonly { readonly spec: { readonly storageClassName?: string; readonly resources: { readonly requests: { readonly storage: string } } } }[]
    readonly template: { readonly metadata: { readonly labels: Readonly<Record<string, string>> }; readonly spec: PodSpec }
  }
}

interface PodSpec {
  readonly automountServiceAccountToken: boolean
  readonly enableServiceLinks: boolean
  readonly securityContext: { readonly runAsNonRoot: boolean; readonly runAsUser: number; readonly fsGroup: number; readonly seccompProfile: { readonly type: string } }
  readonly containers: readonly Container[]
  readonly volumes: readonly { readonly name: string; readonly emptyDir?: object }[]
}

interface Container {
  readonly image: string
  readonly env?: readonly { readonly name: string; readonly value?: string }[]
  readonly args?: readonly string[]
  readonly securityContext: { readonly allowPrivilegeEscalation: boolean; readonly capabilities: { readonly drop: readonly string[] } }
  readonly startupProbe: { readonly exec?: { readonly command: readonly string[] } }
}

const ENGINES = ['kafka', 'cassandra', 'elasticsearch', 'redis'] as const

function podOf(sets: ReadonlyMap<string, EngineSet>, name: string): PodSpec {
  const set = sets.get(name)
  if (set === undefined) throw new Error(`no ${name}`)
  return set.spec.template.spec
}

function containerOf(sets: ReadonlyMap<string, EngineSet>, name: string): Container {
  const [container] = podOf(sets, name).containers
  if (container === undefined) throw new Error(`no container of ${name}`)
  return container
}

function environmentOf(sets: ReadonlyMap<string, EngineSet>, name: string): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries((containerOf(sets, name).env ?? []).map(({ name: key, value }) => [key, value]))
}

const bundled = renderEngines()

describe('the bundled engines', () => {
  it('are there by one flag', () => {
    expect([...bundled.keys()].sort()).toEqual([...ENGINES].sort())
    const { stdout } = spawnSync(helm, ['template', 'millrace', chartFolder, '--set', 'mode=standalone'], { encoding: 'utf8' })
    expect(stdout).toContain('kind: Deployment')
    expect(stdout).not.toContain('kind: StatefulSet')
  })

  it('are the images that the containers for development are', async () => {
    const references = await readEngineReferences()
    for (const name of ENGINES) expect(containerOf(bundled, name).image).toBe(references[name])
  })

  it('come from a mirror when one is named, which takes the place of hosts', () => {
    const mirrored = renderEngines('engines.registry=mirror.example:5000/hub')
    expect(ENGINES.map((name) => containerOf(mirrored, name).image.replace(/:[^:]*$/, ''))).toEqual(['apache/kafka', 'cassandra', 'elasticsearch/elasticsearch', 'redis'].map((path) => `mirror.example:5000/hub/${path}`))
  })

  it.each(ENGINES)('keep to Pod Security "restricted": %s', (name) => {
    const { securityContext, automountServiceAccountToken, enableServiceLinks } = podOf(bundled, name)
    expect(securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
    expect(securityContext.runAsUser).toBeGreaterThan(0)
    expect(securityContext.fsGroup).toBeGreaterThan(0)
    expect(containerOf(bundled, name).securityContext).toMatchObject({ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } })
    expect({ automountServiceAccountToken, enableServiceLinks }).toEqual({ automountServiceAccountToken: false, enableServiceLinks: false })
  })

  it('are left alone by an upgrade of the chart: nothing of its version is in their pods', () => {
    for (const set of bundled.values()) expect(Object.keys(set.spec.template.metadata.labels).sort()).toEqual(['app.kubernetes.io/component', 'app.kubernetes.io/instance', 'app.kubernetes.io/name'])
  })

  it('have volumes that go with the release, or none', () => {
    const [claim] = renderEngines('engines.kafka.persistence.storageClass=fast', 'engines.kafka.persistence.size=7Gi').get('kafka')?.spec.volumeClaimTemplates ?? []
    expect(claim?.spec).toMatchObject({ storageClassName: 'fast', resources: { requests: { storage: '7Gi' } } })
    expect(bundled.get('kafka')?.spec.volumeClaimTemplates?.[0]?.spec.storageClassName).toBeUndefined()
    expect(bundled.get('cassandra')?.spec.persistentVolumeClaimRetentionPolicy?.whenDeleted).toBe('Delete')
    const without = renderEngines('engines.cassandra.persistence.enabled=false')
    expect(without.get('cassandra')?.spec.volumeClaimTemplates).toBeUndefined()
    expect(podOf(without, 'cassandra').volumes).toContainEqual({ name: 'data', emptyDir: {} })
    expect(podOf(bundled, 'cassandra').volumes.map(({ name }) => name)).toEqual(['tmp'])
  })
})

describe('the settings of the bundled engines are those of the containers for development', () => {
  interface Compose {
    readonly services: Readonly<Record<string, { readonly environment?: Readonly<Record<string, string>>; readonly command?: readonly string[] }>>
  }
  let compose: Compose
  beforeAll(async () => {
    compose = parse(await readFile(join(import.meta.dirname, '../engines/compose.yaml'), 'utf8')) as Compose // a file of ours, by its shape
  })

  it('Kafka: all but its heap, the name that clients are told, and a folder below the volume', () => {
    const { KAFKA_HEAP_OPTS: _heap, KAFKA_ADVERTISED_LISTENERS: _listeners, KAFKA_LOG_DIRS: _folder, ...same } = compose.services['kafka']?.environment ?? {}
    expect(Object.keys(same).length).toBeGreaterThan(15)
    const { CLUSTER_ID, ...environment } = environmentOf(bundled, 'kafka')
    expect(environment).toEqual({
      ...same,
      KAFKA_HEAP_OPTS: '-Xms384m -Xmx384m',
      KAFKA_ADVERTISED_LISTENERS: 'PLAINTEXT://millrace-kafka:9092,INTERNAL://localhost:19092',
      KAFKA_LOG_DIRS: '/var/lib/kafka/data/log',
    })
    expect(Buffer.from(CLUSTER_ID ?? '', 'base64url')).toHaveLength(16)
  })

  it('Cassandra: how it syncs its commit log above all', () => {
    const environment = environmentOf(bundled, 'cassandra')
    expect(environment['JVM_EXTRA_OPTS']).toBe(compose.services['cassandra']?.environment?.['JVM_EXTRA_OPTS'])
    expect(environment['JVM_EXTRA_OPTS']).toContain('-Dcassandra.settings.commitlog_sync=batch')
    expect(environment).toMatchObject({ CASSANDRA_LISTEN_ADDRESS: '127.0.0.1', CASSANDRA_RPC_ADDRESS: '0.0.0.0', MAX_HEAP_SIZE: '768m' })
  })

  it('Elasticsearch: all but its heap and name, and without mapped files', () => {
    const { ES_JAVA_OPTS: _heap, 'cluster.name': _name, ...same } = compose.services['elasticsearch']?.environment ?? {}
    expect(Object.keys(same)).toContain('discovery.type')
    expect(environmentOf(bundled, 'elasticsearch')).toEqual({ ...same, ES_JAVA_OPTS: '-Xms512m -Xmx512m', 'cluster.name': 'millrace', 'node.store.allow_mmap': 'false' })
  })

  it('Redis: all but its size, and reachable from other pods', () => {
    const sized = (args: readonly string[]): readonly string[] => args.map((arg) => (/^\d+mb$/.test(arg) ? '…mb' : arg))
    expect(sized(containerOf(bundled, 'redis').args ?? [])).toEqual([...sized(compose.services['redis']?.command ?? []), '--protected-mode', 'no'])
  })
})

describe('the probes of the bundled engines', () => {
  it('ask Kafka whether it coordinates groups', async () => {
    // Size, correlation id, throttle time, error code (15: the coordinator is not available), and what follows it.
    const reply = (errorCode: number): Buffer => Buffer.from([0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, errorCode, 0, 0])
    const asked: Buffer[] = []
    const answering = (errorCode: number) => (request: Buffer): Buffer => {
      asked.push(request)
      return reply(errorCode)
    }
    expect(await probe('kafka', 9092, answering(0))).toBe(0)
    expect(await probe('kafka', 9092, answering(15))).not.toBe(0)
    expect(asked[0]?.readInt32BE(0)).toBe((asked[0]?.length ?? 0) - 4)
    expect(asked[0]?.subarray(4, 8)).toEqual(Buffer.from([0, 10, 0, 1]))
  })

  it('ask Cassandra for a row', async () => {
    const READY = Buffer.from([0x84, 0, 0, 0, 2, 0, 0, 0, 0])
    const asked: Buffer[] = []
    const answering = (opcode: number) => (request: Buffer): Buffer => {
      asked.push(request)
      return request[4] === 1 ? READY : Buffer.from([0x84, 0, 0, 0, opcode, 0, 0, 0, 4, 0, 0, 0, 1])
    }
    expect(await probe('cassandra', 9042, answering(8))).toBe(0)
    expect(await probe('cassandra', 9042, answering(0))).not.toBe(0)
    for (const request of asked) expect(request.readInt32BE(5)).toBe(request.length - 9)
    expect(asked[1]?.toString()).toContain('SELECT key FROM system.local')
  })

  it('fail where nobody listens', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo // it listens at a port
    await new Promise((resolve) => server.close(resolve))
    expect(await runProbe('kafka', 9092, port)).not.toBe(0)
  })

  /** The exit code of the engine's probe against a server that answers each request as `answer` says. */
  async function probe(name: string, enginePort: number, answer: (request: Buffer) => Buffer): Promise<number | null> {
    const server = createServer((socket) => socket.on('data', (request) => socket.write(answer(request))).on('error', () => undefined))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      return await runProbe(name, enginePort, (server.address() as AddressInfo).port) // it listens at a port
    } finally {
      await new Promise((resolve) => server.close(resolve))
    }
  }

  async function runProbe(name: string, enginePort: number, port: number): Promise<number | null> {
    const [program = '', ...args] = containerOf(bundled, name).startupProbe.exec?.command ?? []
    const child = spawn(program, args.map((arg) => arg.replaceAll(`/127.0.0.1/${enginePort}`, `/127.0.0.1/${port}`)), { stdio: 'ignore' })
    return await new Promise((resolve) => child.once('exit', resolve))
  }
})
