import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { EngineError } from './engine.ts'

/** `group:artifact:version`. */
export type MavenArtifact = `${string}:${string}:${string}`

/** Fills `folder` with the jars of the artifacts and of all that they need to run. Does nothing when the folder is there: it appears only when it is whole. */
export async function installJars(folder: string, artifacts: readonly MavenArtifact[]): Promise<void> {
  await installWhole(folder, async (partial) => {
    await writeFile(join(partial, 'pom.xml'), pomOf(artifacts))
    await runMaven(partial, ['-f', join(partial, 'pom.xml'), `${DEPENDENCY_PLUGIN}:copy-dependencies`, '-DincludeScope=runtime', `-DoutputDirectory=${partial}`])
  })
}

/** Unpacks a zip that is published as an artifact into `folder`, under the same promise. */
export async function installZip(folder: string, artifact: MavenArtifact): Promise<void> {
  await installWhole(folder, async (partial) => {
    await runMaven(partial, [`${DEPENDENCY_PLUGIN}:unpack`, `-Dartifact=${artifact}:zip`, `-DoutputDirectory=${partial}`])
  })
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
  // Strict checksums: a damaged download must fail here and not as a strange engine.
  await runInstaller(folder, 'mvn', ['-q', '-B', '-C', ...args], 'Maven (of Debian: apt-get install maven)')
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
