import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { closeSync, createReadStream, existsSync, openSync, readFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { EngineError } from './engine.ts'

/** `group:artifact:version`. */
export type MavenArtifact = `${string}:${string}:${string}`

/** Fills `folder` with the jars of the artifacts and of all that they need to run. Does nothing when the folder is there: it appears only when it is whole. */
export async function installJars(folder: string, artifacts: readonly MavenArtifact[]): Promise<void> {
  await installWhole(folder, async (partial) => {
    await writeFile(join(partial, 'pom.xml'), pomOf(artifacts))
    // Strict checksums: a damaged download must fail here and not as a strange engine.
    await runMaven(partial, ['--strict-checksums', '-f', join(partial, 'pom.xml'), `${DEPENDENCY_PLUGIN}:copy-dependencies`, '-DincludeScope=runtime', `-DoutputDirectory=${partial}`])
  })
}

/**
 * Unpacks a zip that is published as an artifact into `folder`, under the same promise. Not every mirror passes on the checksum beside a zip, so its SHA-256, in hex, is given here.
 * @throws {EngineError} the zip is not the one that was meant
 */
export async function installZip(folder: string, artifact: MavenArtifact, sha256: string): Promise<void> {
  await installWhole(folder, async (partial) => {
    const options = ['--lax-checksums', `-Dartifact=${artifact}:zip`, `-DoutputDirectory=${partial}`]
    await runMaven(partial, [`${DEPENDENCY_PLUGIN}:unpack`, `${DEPENDENCY_PLUGIN}:copy`, ...options])
    const [, name = '', version = ''] = artifact.split(':')
    const zip = join(partial, `${name}-${version}.zip`)
    const found = await sha256Of(zip)
    if (found !== sha256) throw new EngineError(`${artifact} came with SHA-256 ${found} instead of ${sha256}: the download is damaged, remove it from Maven's local repository`)
    await rm(zip)
  })
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

const DEPENDENCY_PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1'

/** Calls `fill` on a folder beside the wanted one, which then takes its name: an interrupted installation is never taken for a whole one, and of two at once one wins. */
export async function installWhole(folder: string, fill: (partial: string) => Promise<void>): Promise<void> {
  if (existsSync(folder)) return
  await mkdir(dirname(folder), { recursive: true })
  const partial = await mkdtemp(join(dirname(folder), `.${basename(folder)}-`))
  try {
    await fill(partial)
    await chmod(partial, 0o755) // Elasticsearch may run as another user than the one who installs
    if (!existsSync(folder)) await rename(partial, folder)
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
}

/** A project that does nothing but depend. */
export function pomOf(artifacts: readonly MavenArtifact[]): string {
  const dependencies = artifacts.map((artifact) => {
    const [group = '', name = '', version = ''] = artifact.split(':')
    return `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`
  })
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>millrace</groupId><artifactId>engine</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    ${dependencies.join('\n    ')}
  </dependencies>
</project>
`
}

async function runMaven(folder: string, args: readonly string[]): Promise<void> {
  await runInstaller(folder, 'mvn', ['-q', '-B', ...args], 'Maven (of Debian: apt-get install maven)')
}

/** Runs a program in `folder` to its end. @throws {EngineError} it is missing or fails; with the end of its output. */
export async function runInstaller(folder: string, command: string, args: readonly string[], packageName: string): Promise<void> {
  const logFile = join(folder, '.install-output')
  const log = openSync(logFile, 'a')
  const child = spawn(command, args, { cwd: folder, stdio: ['ignore', log, log] })
  closeSync(log)
  const status = await new Promise<number | string | undefined>((resolve) => {
    child.once('error', (error) => { resolve('code' in error && error.code === 'ENOENT' ? 'missing' : error.message) })
    child.once('exit', (code) => { resolve(code ?? 'a signal') })
  })
  if (status === 'missing') throw new EngineError(`${command} is not on the PATH: install ${packageName}`)
  if (status !== 0) throw new EngineError(`${command} ended with ${status}:\n${readFileSync(logFile, 'utf8').slice(-MAX_SHOWN_OUTPUT)}`)
  await rm(logFile)
}

/** Enough of an installer's last words to see what failed; in characters. */
const MAX_SHOWN_OUTPUT = 1500
