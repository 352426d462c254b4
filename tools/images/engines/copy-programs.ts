import { spawnSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { copyFile, mkdir, symlink } from 'node:fs/promises'
import { basename, delimiter, dirname, join } from 'node:path'
import { EngineError } from '../../engines/engine.ts'

/** Copies programs of this machine's PATH, and the libraries that they load, into a root file system. @throws {EngineError} one is missing */
export async function copyPrograms(root: string, names: readonly string[]): Promise<void> {
  await mkdir(join(root, 'usr/bin'), { recursive: true })
  if (!existsSync(join(root, 'bin'))) await symlink('usr/bin', join(root, 'bin'))
  for (const name of names) {
    const path = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name)).find((candidate) => existsSync(candidate))
    if (path === undefined) throw new EngineError(`${name} is not on the PATH, and the stand-in images need it`)
    // By its own name, whatever it is a link to: Debian's awk is mawk.
    await copyFile(realpathSync(path), join(root, 'usr/bin', name))
    await copyLibraries(root, [path])
  }
}

/**
 * Copies the libraries that binaries load to where they lie on this machine, where the loader, which is one of them, looks for them.
 *
 * @param prefix a folder that counts as a root of its own: what lies below it lands outside it.
 */
export async function copyLibraries(root: string, binaries: readonly string[], { env = {}, prefix = '' }: { readonly env?: Readonly<Record<string, string>>; readonly prefix?: string } = {}): Promise<void> {
  for (const library of new Set(binaries.flatMap((binary) => librariesOf(binary, env)))) {
    const target = join(root, prefix !== '' && library.startsWith(prefix) ? library.slice(prefix.length) : library)
    await mkdir(dirname(target), { recursive: true })
    await copyFile(library, target)
  }
}

/** Paths as the loader of this machine resolves them, and of the name services that glibc before 2.34 loads on its own. */
function librariesOf(binary: string, env: Readonly<Record<string, string>>): readonly string[] {
  const { stdout, error } = spawnSync('ldd', [binary], { encoding: 'utf8', env: { ...process.env, ...env } })
  if (error !== undefined) throw new EngineError('the stand-in images are made on Linux with glibc, whose ldd is not on the PATH')
  // `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)`, and the loader without an arrow.
  const libraries = [...stdout.matchAll(/^\s+(?:\S+ => )?(\/\S+) \(0x/gm)].map(([, path = '']) => path)
  const libc = libraries.find((path) => basename(path) === 'libc.so.6')
  const services = libc === undefined ? [] : ['libnss_files.so.2', 'libnss_dns.so.2', 'libresolv.so.2'].map((name) => join(dirname(libc), name)).filter((path) => existsSync(path))
  return [...libraries, ...services]
}
