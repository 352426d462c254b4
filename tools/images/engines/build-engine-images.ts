import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EngineName } from '@millrace/simulator/describe-on'
import { ENGINE_NAMES, EngineError } from '../../engines/engine.ts'
import { enginesHome } from '../../engines/open-engines.ts'
import { cassandraImage } from './cassandra-image.ts'
import { copyJava } from './copy-java.ts'
import { copyPrograms } from './copy-programs.ts'
import { elasticsearchImage } from './elasticsearch-image.ts'
import type { EngineImage } from './engine-image.ts'
import { kafkaImage } from './kafka-image.ts'
import { redisImage } from './redis-image.ts'

/**
 * Builds the stand-ins for the engines' official images, under their names. Returns the names.
 *
 * @throws {EngineError} a program that they are made from is missing.
 */
export async function buildEngineImages({ names = ENGINE_NAMES, docker, home = enginesHome(), say }: EngineImagesOptions): Promise<readonly string[]> {
  const references = await readEngineReferences()
  const built: string[] = []
  for (const name of names) {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-engine-image-'))
    try {
      const origin = await fillContext(folder, IMAGES[name], join(home, 'programs'))
      const reference = references[name]
      await writeFile(join(folder, 'engine/etc/millrace-stand-in'), `This is not ${reference} itself but a stand-in that Millrace built for machines without an image registry: ${origin}.\n`)
      await writeFile(join(folder, 'Dockerfile'), renderDockerfile(IMAGES[name], { reference, origin }))
      await docker.run(['build', '--quiet', '--tag', reference, folder])
      say(`${reference} built: ${origin}`)
      built.push(reference)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
  return built
}

export interface EngineImagesOptions {
  readonly names?: readonly EngineName[]
  readonly docker: DockerClient
  /** Of `npm run engines`, whose programs are used, and installed where they are missing. */
  readonly home?: string
  readonly say: (line: string) => void
}

/** What runs `docker` with these arguments and answers its standard output. @throws it failed */
export interface DockerClient {
  run(args: readonly string[]): Promise<string>
}

/** The official images by engine, as the containers for development name them: the one place where their versions stand. */
export async function readEngineReferences(): Promise<Readonly<Record<EngineName, string>>> {
  const compose = await readFile(join(import.meta.dirname, '../../engines/compose.yaml'), 'utf8')
  const found = new Map([...compose.matchAll(/^ {2}(\w+):\n {4}image: (\S+)$/gm)].map(([, name, image]): [string, string] => [name ?? '', image ?? '']))
  const referenceOf = (name: EngineName): string => {
    const reference = found.get(name)
    if (reference === undefined) throw new EngineError(`tools/engines/compose.yaml names no image for ${name}`)
    return reference
  }
  return { kafka: referenceOf('kafka'), cassandra: referenceOf('cassandra'), elasticsearch: referenceOf('elasticsearch'), redis: referenceOf('redis') }
}

const IMAGES: Readonly<Record<EngineName, EngineImage>> = { kafka: kafkaImage, cassandra: cassandraImage, elasticsearch: elasticsearchImage, redis: redisImage }

/**
 * Each folder makes a layer: `base` is the same for all engines, and `java` for those that run on the same one. What the engine's user owns is apart in `own`,
 * as the builder gives a folder only to the user whom it makes it for.
 */
async function fillContext(folder: string, image: EngineImage, programs: string): Promise<string> {
  const base = join(folder, 'base')
  for (const path of ['etc', 'tmp', 'var/lib', 'var/log']) await mkdir(join(base, path), { recursive: true })
  await chmod(join(base, 'tmp'), 0o1777)
  await writeFile(join(base, 'etc/nsswitch.conf'), 'hosts: files dns\n')
  await copyPrograms(base, BASE_PROGRAMS)
  if (image.java !== undefined) await copyJava(join(folder, 'java'), image.java)
  const engine = join(folder, 'engine')
  await mkdir(join(engine, 'etc'), { recursive: true })
  const { name, id, groupId } = image.user
  await writeFile(join(engine, 'etc/passwd'), `root:x:0:0:root:/:/bin/bash\n${name}:x:${id}:${groupId}::/tmp:/bin/bash\n`)
  await writeFile(join(engine, 'etc/group'), `root:x:0:\n${groupId === 0 ? '' : `${name}:x:${groupId}:\n`}`)
  const origin = await image.layOut(engine, programs)
  await openToAll(engine)
  for (const path of image.ownFolders) {
    await mkdir(join(engine, path), { recursive: true })
    await mkdir(join(folder, 'own', path, '..'), { recursive: true })
    await rename(join(engine, path), join(folder, 'own', path))
  }
  return origin
}

/** What the engines' scripts and the probes of the chart run. */
const BASE_PROGRAMS = [
  ...['awk', 'basename', 'bash', 'cat', 'chmod', 'cp', 'cut', 'date', 'dirname', 'env', 'expr', 'grep', 'head', 'hostname', 'id', 'ls', 'mkdir', 'mktemp', 'mv', 'nproc', 'od', 'ps', 'readlink', 'rm', 'sed', 'sh', 'sleep'],
  ...['sort', 'tail', 'test', 'tr', 'true', 'uname'],
]

/** Every user may read, and run what its owner may, whatever the mask of the user who builds. */
async function openToAll(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue
    const path = join(entry.parentPath, entry.name)
    await chmod(path, entry.isDirectory() || ((await stat(path)).mode & 0o100) !== 0 ? 0o755 : 0o644)
  }
}

function renderDockerfile(image: EngineImage, { reference, origin }: { readonly reference: string; readonly origin: string }): string {
  const { id, groupId } = image.user
  return [
    'FROM scratch',
    'COPY base/ /',
    ...(image.java === undefined ? [] : ['COPY java/ /']),
    'COPY engine/ /',
    ...image.ownFolders.map((path) => `COPY --chown=${id}:${groupId} own${path}/ ${path}/`),
    'ENV PATH=/usr/local/bin:/usr/bin LANG=C.UTF-8',
    ...Object.entries(image.environment).map(([name, value]) => `ENV ${name}=${value}`),
    `LABEL org.opencontainers.image.title="Millrace's stand-in for ${reference}" org.opencontainers.image.description="${origin}"`,
    `WORKDIR ${image.workFolder}`,
    `USER ${id}:${groupId}`,
    `ENTRYPOINT ${JSON.stringify(image.entrypoint)}`,
    `CMD ${JSON.stringify(image.command)}`,
    '',
  ].join('\n')
}
