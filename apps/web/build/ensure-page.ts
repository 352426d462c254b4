import { spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Answers the folder of the built page, which is built first when it is not there for the sources as they are: some seconds, in a process of its own, so that what
 * the build takes in memory is given back. Several processes may do so at once; a build shows up whole or not at all.
 *
 * @throws {PageBuildError} what the build said.
 */
export async function ensurePage(): Promise<string> {
  // An image has the page and not what it was built of.
  if (!(await exists(join(WEB, 'src')))) return join(DIST, 'page')
  const folder = join(DIST, await fingerprint())
  if (await exists(folder)) return folder
  const partial = join(DIST, `.partial-${randomUUID()}`)
  try {
    await build(partial)
    await rename(partial, folder).catch(async (cause: unknown) => {
      if (!(await exists(folder))) throw new PageBuildError('the built page cannot be put in its place', { cause })
    })
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
  await removeOthers(folder)
  return folder
}

/** The page could not be built; the message ends with what the build said. */
export class PageBuildError extends Error {
  override readonly name = 'PageBuildError'
  readonly code = 'PAGE_BUILD'
  readonly retryable = false
}

const WEB = join(import.meta.dirname, '..')
const DIST = join(WEB, 'dist')
/** What the page is made of; packages are named by their versions in package.json. */
const SOURCES = ['src', 'build', 'index.html', 'package.json', '../../libs/query-language/src']
/** Builds take five seconds; on a machine that is busy many times more. */
const BUILD_TIMEOUT_MS = 180_000
/** Of what a build that failed said: the cause is at its end. */
const SAID_CHARACTERS = 2000

/** Of the sources' names and bytes: their times say nothing after a clone. */
async function fingerprint(): Promise<string> {
  const hash = createHash('sha256')
  for (const source of SOURCES) {
    const path = join(WEB, source)
    const files = (await stat(path)).isDirectory() ? (await readdir(path, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile() && !entry.name.includes('.test.')).map((entry) => join(entry.parentPath, entry.name)).sort() : [path]
    for (const file of files) hash.update(`${file.slice(WEB.length)}\0`).update(await readFile(file)).update('\0')
  }
  return hash.digest('hex').slice(0, 16)
}

async function build(folder: string): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), folder], { cwd: WEB, stdio: ['ignore', 'pipe', 'pipe'], timeout: BUILD_TIMEOUT_MS })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-SAID_CHARACTERS)))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0) throw new PageBuildError(`the page could not be built: ${said}`)
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(() => true, () => false)
}

/** Builds of older sources. Who serves one has its files in memory. */
async function removeOthers(folder: string): Promise<void> {
  for (const name of await readdir(DIST)) if (!name.startsWith('.partial-') && join(DIST, name) !== folder) await rm(join(DIST, name), { recursive: true, force: true })
}
