import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { EngineError } from './engine.ts'

/** Majors of Java that a program runs on, both inclusive. */
export interface JavaRange {
  readonly first: number
  readonly last: number
}

export interface Java {
  readonly home: string
  readonly major: number
}

/**
 * The newest Java of this machine that the program runs on: of JAVA_HOME, the PATH and the system's folders.
 *
 * @throws {EngineError} there is none; says which were found and what to install.
 */
export function findJava(program: string, range: JavaRange): Java {
  return chooseJava(program, range, installedJavas())
}

export function chooseJava(program: string, { first, last }: JavaRange, javas: readonly Java[]): Java {
  const [best] = javas.filter(({ major }) => major >= first && major <= last).sort((a, b) => b.major - a.major)
  if (best !== undefined) return best
  const found = javas.length === 0 ? 'found none' : `found only ${javas.map(({ home, major }) => `${major} (${home})`).join(', ')}`
  throw new EngineError(`${program} needs Java ${first} to ${last} and ${found}: install one, such as openjdk-${first}-jre-headless of Debian or Temurin ${first} from adoptium.net below /usr/lib/jvm, or set JAVA_HOME to it`)
}

function installedJavas(): readonly Java[] {
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'java')).filter((path) => existsSync(path)).map((path) => dirname(dirname(realpathSync(path))))
  const below = JAVA_FOLDERS.flatMap((folder) => (existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []))
  const homes = [process.env['JAVA_HOME'] ?? '', ...onPath, ...below].filter((home) => home !== '' && existsSync(join(home, 'bin/java')))
  return [...new Set(homes.map((home) => realpathSync(home)))].flatMap((home) => {
    const major = majorOf(home)
    return major === undefined ? [] : [{ home, major }]
  })
}

/** Of Linux distributions and of the SDKMAN-like installers that link there. */
const JAVA_FOLDERS = ['/usr/lib/jvm', '/opt/java', '/opt/jdk']

/** Read from the `release` file, which every build since Java 9 has; a home without one is asked. */
function majorOf(home: string): number | undefined {
  const release = join(home, 'release')
  if (existsSync(release)) return majorFrom(readFileSync(release, 'utf8'))
  return majorFrom(spawnSync(join(home, 'bin/java'), ['-version'], { encoding: 'utf8' }).stderr)
}

/** From `JAVA_VERSION="17.0.15"` or `openjdk version "25" 2025-09-16`; `undefined` of Java 8 and older, which say `1.8`. */
export function majorFrom(text: string): number | undefined {
  const major = Number(/(?:^JAVA_VERSION=|version )"(\d+)/m.exec(text)?.[1])
  return major > 1 ? major : undefined
}
