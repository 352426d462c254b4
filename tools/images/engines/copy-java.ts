import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { cp, mkdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { findJava, type JavaRange } from '../../engines/find-java.ts'
import { copyLibraries } from './copy-programs.ts'
import { JAVA_HOME } from './engine-image.ts'

/** Puts this machine's newest Java in the range below `root`, with the libraries that it loads: what servers need of it where it can reduce itself, else all of it. */
export async function copyJava(root: string, range: JavaRange): Promise<void> {
  const { home } = findJava('the stand-in image', range)
  const target = join(root, JAVA_HOME)
  await mkdir(join(target, '..'), { recursive: true })
  if (!reduceJava(home, target)) {
    await rm(target, { recursive: true, force: true })
    await cp(home, target, { recursive: true, dereference: true, filter: (path) => !UNUSED.has(basename(path)) })
  }
  const libraries = readdirSync(join(target, 'lib')).filter((name) => SERVER_LIBRARIES.test(name)).map((name) => join(target, 'lib', name))
  await copyLibraries(root, [join(target, 'bin/java'), join(target, 'lib/server/libjvm.so'), ...libraries], { prefix: root })
  // Classes of Java itself are then mapped instead of read, at each start of each of its processes. The archives of other kinds of heap would be dead weight.
  spawnSync(join(target, 'bin/java'), ['-Xshare:dump'], { stdio: 'ignore' })
  for (const name of readdirSync(join(target, 'lib/server')).filter((file) => /^classes_\w+\.jsa$/.test(file))) await rm(join(target, 'lib/server', name))
}

/** False where this Java is no development kit, or one that was built without the means. */
function reduceJava(home: string, target: string): boolean {
  const program = join(home, 'bin/jlink')
  if (!existsSync(program)) return false
  const { status } = spawnSync(program, ['--add-modules', MODULES.join(','), '--no-header-files', '--no-man-pages', '--strip-java-debug-attributes', '--output', target], { stdio: 'ignore' })
  return status === 0
}

/** The platform, and what servers look up by name: management, cryptography, name services, file systems of zips, vectors. */
const MODULES = [
  ...['java.se', 'jdk.attach', 'jdk.charsets', 'jdk.crypto.ec', 'jdk.httpserver', 'jdk.incubator.vector', 'jdk.jfr', 'jdk.localedata', 'jdk.management', 'jdk.management.agent'],
  ...['jdk.naming.dns', 'jdk.net', 'jdk.security.auth', 'jdk.security.jgss', 'jdk.unsupported', 'jdk.xml.dom', 'jdk.zipfs'],
  // Elasticsearch requires them, to forbid its plugins their use.
  ...['jdk.jdi', 'jdk.jlink'],
]

/** Of a development kit, as a server has no use for them. */
const UNUSED = new Set(['jmods', 'src.zip', 'man', 'include', 'demo', 'docs'])

/** Those whose own libraries are wanted. What draws and plays would bring the window system along. */
const SERVER_LIBRARIES = /^lib(attach|extnet|instrument|jaas|java|jimage|jli|jsvml|management\w*|net|nio|prefs|rmi|verify|zip)\.so$/
