import { spawnSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SCRIPTS } from './engine-image.ts'

/** Each script is run with its absolute paths moved below a folder, where its engine is a script that shows its arguments. */
let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'engine-scripts-'))
})
afterEach(async () => {
  await rm(root, { recursive: true, force: true })
})

async function runScript(name: string, env: Readonly<Record<string, string>>, args: readonly string[] = []): Promise<{ readonly status: number | null; readonly stdout: string }> {
  const script = (await readFile(join(SCRIPTS, name), 'utf8')).replaceAll(/(?<=[\s'"=(:<])\/(opt|etc|usr|var|mnt)\//g, `${root}/$1/`)
  await writeFile(join(root, name), script)
  return spawnSync('bash', [join(root, name), ...args], { encoding: 'utf8', env: { PATH: process.env['PATH'] ?? '', ...env } })
}

async function place(path: string, content: string): Promise<void> {
  const file = join(root, path)
  await mkdir(join(file, '..'), { recursive: true })
  await writeFile(file, content)
  await chmod(file, 0o755)
}

const SHOW = '#!/bin/bash\nprintf "%s\\n" "$@"\n'

describe('the script of Kafka', () => {
  it('sets up the configuration and becomes the broker', async () => {
    await place('opt/java/openjdk/bin/java', SHOW)
    const { status, stdout } = await runScript('kafka-run.sh', { KAFKA_HEAP_OPTS: '-Xms1m -Xmx2m' })
    expect(status).toBe(0)
    expect(stdout.trim().split('\n').slice(0, 2)).toEqual(['-Xms1m', '-Xmx2m'])
    expect(stdout.trim().split('\n').slice(-2)).toEqual(['kafka.Kafka', `${root}/opt/kafka/config/server.properties`])
  })

  it.each([
    ['goes on where the folder is already formatted', 'Log directory /data is already formatted.', 0],
    ['ends where it cannot be set up', 'Missing required configuration', 1],
  ])('%s', async (_, says, expected) => {
    await place('opt/java/openjdk/bin/java', `#!/bin/bash\nif [[ "$*" == *KafkaDockerWrapper* ]]; then echo "${says}"; exit 1; fi\n`)
    expect((await runScript('kafka-run.sh', {})).status).toBe(expected)
  })
})

describe('the script of Cassandra', () => {
  it('writes its variables into the configuration, and again at the next start', async () => {
    await place('opt/java/openjdk/bin/java', SHOW)
    await place('opt/cassandra/jvm-server.options', '-ea\n-Xss256k\n')
    await place('etc/cassandra/cassandra.yaml', 'cluster_name: Test Cluster\nparameters:\n      - seeds: "127.0.0.1:7000"\nlisten_address: localhost\nrpc_address: localhost\n# broadcast_address:\n# broadcast_rpc_address:\n')
    const env = { CASSANDRA_CLUSTER_NAME: 'one', CASSANDRA_LISTEN_ADDRESS: '127.0.0.1', CASSANDRA_RPC_ADDRESS: '0.0.0.0', MAX_HEAP_SIZE: '5m', JVM_EXTRA_OPTS: '-Da=1 -Db=2' }
    await runScript('cassandra-entrypoint.sh', { ...env, CASSANDRA_BROADCAST_RPC_ADDRESS: '10.0.0.1' })
    const { stdout } = await runScript('cassandra-entrypoint.sh', { ...env, CASSANDRA_BROADCAST_RPC_ADDRESS: '10.0.0.2' }, ['cassandra', '-f'])
    expect(await readFile(join(root, 'etc/cassandra/cassandra.yaml'), 'utf8')).toBe(
      'cluster_name: one\nparameters:\n      - seeds: "127.0.0.1"\nlisten_address: 127.0.0.1\nrpc_address: 0.0.0.0\nbroadcast_address: 127.0.0.1\nbroadcast_rpc_address: 10.0.0.2\n',
    )
    for (const arg of ['-Xms5m', '-Xmx5m', '-ea', '-Da=1', '-Db=2']) expect(stdout.split('\n')).toContain(arg)
  })
})

describe('the script of Elasticsearch', () => {
  it('passes on the variables that are named like settings, and only these', async () => {
    await place('usr/share/elasticsearch/bin/elasticsearch', SHOW)
    const { stdout } = await runScript('elasticsearch-entrypoint.sh', { 'cluster.name': 'one', 'node.store.allow_mmap': 'false', 'node.empty': '', ES_JAVA_OPTS: '-Xmx1m' }, ['eswrapper'])
    expect(stdout.trim().split('\n').sort()).toEqual(['-Ecluster.name=one', '-Enode.store.allow_mmap=false'])
  })
})

describe('the script of Redis', () => {
  it.each([
    [['redis-server', '--save', ''], ['--save', '']],
    [['--save', ''], ['--save', '']],
  ])('takes %j', async (args, expected) => {
    await place('bin/redis-server', SHOW)
    const { stdout } = await runScript('redis-entrypoint.sh', { PATH: `${root}/bin:${process.env['PATH'] ?? ''}` }, args)
    expect(stdout).toBe(`${expected.join('\n')}\n`)
  })
})
