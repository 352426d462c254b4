import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { parse } from 'yaml'
import { readEngineReferences } from '../images/engines/build-engine-images.ts'
import { componentOf, podsOf, type ChartContainer, type ChartPod } from './chart-pods.ts'
import { restrictedViolations } from './pod-security.ts'
import { renderChart } from './render-chart.ts'

type EngineSets = ReadonlyMap<string, ChartPod>

const ENGINES = ['kafka', 'cassandra', 'elasticsearch', 'redis'] as const

/** The pods of the engines' StatefulSets by name, with `engines.bundled` and these further values of engines. */
async function renderEngines(engines: object = {}): Promise<EngineSets> {
  const manifests = await renderChart({ values: { engines: { bundled: true, ...engines } } })
  return new Map(podsOf(manifests).filter(({ owner }) => owner.kind === 'StatefulSet').map((pod) => [componentOf(pod.labels), pod]))
}

function podOf(sets: EngineSets, name: string): ChartPod {
  const pod = sets.get(name)
  if (pod === undefined) throw new Error(`no ${name}`)
  return pod
}

function containerOf(sets: EngineSets, name: string): ChartContainer {
  const [container] = podOf(sets, name).spec.containers
  if (container === undefined) throw new Error(`no container of ${name}`)
  return container
}

function environmentOf(sets: EngineSets, name: string): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries((containerOf(sets, name).env ?? []).map(({ name: key, value }) => [key, value]))
}

let bundled: EngineSets
beforeAll(async () => {
  bundled = await renderEngines()
}, 120_000)

describe('the bundled engines', () => {
  it('are there by one flag', async () => {
    expect([...bundled.keys()].sort()).toEqual([...ENGINES].sort())
    const without = await renderChart({ values: { mode: 'standalone' } })
    expect(without.map(({ kind }) => kind)).not.toContain('StatefulSet')
  })

  it('are the images that the containers for development are', async () => {
    const references = await readEngineReferences()
    for (const name of ENGINES) expect(containerOf(bundled, name).image).toBe(references[name])
  })

  it('come from a mirror when one is named, which takes the place of hosts', async () => {
    const mirrored = await renderEngines({ registry: 'mirror.example:5000/hub' })
    expect(ENGINES.map((name) => containerOf(mirrored, name).image.replace(/:[^:]*$/, ''))).toEqual(['apache/kafka', 'cassandra', 'elasticsearch/elasticsearch', 'redis'].map((path) => `mirror.example:5000/hub/${path}`))
  })

  it.each(ENGINES)('keep to Pod Security "restricted": %s', (name) => {
    const { spec } = podOf(bundled, name)
    expect(restrictedViolations(spec)).toEqual([])
    expect(spec).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false })
  })

  it('are left alone by an upgrade of the chart: nothing of its version is in their pods', () => {
    for (const { labels } of bundled.values()) expect(Object.keys(labels).sort()).toEqual(['app.kubernetes.io/component', 'app.kubernetes.io/instance', 'app.kubernetes.io/name'])
  })

  it('have volumes that go with the release, or none', async () => {
    expect(podOf(bundled, 'cassandra').owner.spec).toMatchObject({
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' },
      volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: { resources: { requests: { storage: '8Gi' } } } }],
    })
    expect(podOf(bundled, 'cassandra').spec.volumes.map(({ name }) => name)).toEqual(['tmp'])
    const other = await renderEngines({ kafka: { persistence: { storageClass: 'fast', size: '7Gi' } }, cassandra: { persistence: { enabled: false } } })
    expect(podOf(other, 'kafka').owner.spec).toMatchObject({ volumeClaimTemplates: [{ spec: { storageClassName: 'fast', resources: { requests: { storage: '7Gi' } } } }] })
    expect(podOf(other, 'cassandra').owner.spec).not.toHaveProperty('volumeClaimTemplates')
    expect(podOf(other, 'cassandra').spec.volumes).toContainEqual({ name: 'data', emptyDir: {} })
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

/** Of the first request among these bytes; endless as long as they do not tell. */
const SIZE_OF = {
  kafka: (bytes: Buffer): number => (bytes.length < 4 ? Infinity : 4 + bytes.readInt32BE(0)),
  cassandra: (bytes: Buffer): number => (bytes.length < 9 ? Infinity : 9 + bytes.readInt32BE(5)),
}

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
  async function probe(name: keyof typeof SIZE_OF, enginePort: number, answer: (request: Buffer) => Buffer): Promise<number | null> {
    const server = createServer((socket) => {
      let waiting = Buffer.alloc(0) // a shell writes in pieces
      socket.on('error', () => undefined).on('data', (bytes) => {
        waiting = Buffer.concat([waiting, bytes])
        for (let size = SIZE_OF[name](waiting); size <= waiting.length; size = SIZE_OF[name](waiting)) {
          socket.write(answer(waiting.subarray(0, size)))
          waiting = waiting.subarray(size)
        }
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      return await runProbe(name, enginePort, (server.address() as AddressInfo).port) // it listens at a port
    } finally {
      await new Promise((resolve) => server.close(resolve))
    }
  }

  async function runProbe(name: string, enginePort: number, port: number): Promise<number | null> {
    const [program = '', ...args] = containerOf(bundled, name).startupProbe?.exec?.command ?? []
    const child = spawn(program, args.map((arg) => arg.replaceAll(`/127.0.0.1/${enginePort}`, `/127.0.0.1/${port}`)), { stdio: 'ignore' })
    return await new Promise((resolve) => child.once('exit', resolve))
  }
})
