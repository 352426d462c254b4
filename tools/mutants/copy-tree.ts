import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, symlink } from 'node:fs/promises'
import { basename, join } from 'node:path'

/**
 * Copies the sources into a folder, so that a bug can be planted there. Third-party packages are linked to the original, those too that a workspace has for itself; the
 * workspaces are linked inside the copy, as npm does it, so that the copied apps run the copied libraries.
 */
export async function copyTree(root: string, target: string): Promise<void> {
  for (const folder of ['apps', 'libs', 'tools']) await cp(join(root, folder), join(target, folder), { recursive: true, filter: (path) => !UNWANTED.has(basename(path)) })
  for (const file of ['package.json', 'tsconfig.base.json']) await cp(join(root, file), join(target, file))
  await mkdir(join(target, 'node_modules/@millrace'), { recursive: true })
  for (const name of await readdir(join(root, 'node_modules'))) {
    if (name !== '@millrace' && name !== '.bin') await symlink(join(root, 'node_modules', name), join(target, 'node_modules', name))
  }
  for (const folder of ['apps', 'libs']) {
    for (const name of await readdir(join(target, folder))) {
      if (existsSync(join(target, folder, name, 'package.json'))) await symlink(`../../${folder}/${name}`, join(target, 'node_modules/@millrace', name))
      const own = join(root, folder, name, 'node_modules')
      if (existsSync(own)) await symlink(own, join(target, folder, name, 'node_modules'))
    }
  }
}

const UNWANTED: ReadonlySet<string> = new Set(['node_modules', 'dist'])
