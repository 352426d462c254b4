import { constants } from 'node:fs'
import { cp, copyFile, mkdir, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { App } from './apps.ts'
import { PAGE_PACKAGE, packageClosure, readManifest, type ClosurePackage } from './package-closure.ts'

export interface CollectOptions {
  /** A clone with its packages installed, or a tree that was collected before: that gives itself. */
  readonly root: string
  readonly app: App
  /** A folder that is made anew. */
  readonly out: string
  /** The commit, where it is known. Kept as `gitHead`, as npm calls it. */
  readonly revision: string | undefined
  /** Answers the folder of the built page; asked only where the app shows it. */
  readonly builtPage: () => Promise<string>
}

/**
 * Makes the tree that one app runs from: its workspace packages at their places, the packages that they need in production at theirs, the built page where it is shown, and `main.ts`, which leads
 * to the app. Nothing of it is written to by the app.
 *
 * @returns what is in it, in the order of {@link packageClosure}.
 */
export async function collectTree({ root, app, out, revision, builtPage }: CollectOptions): Promise<readonly ClosurePackage[]> {
  const closure = packageClosure(root, `apps/${app}`)
  await rm(out, { recursive: true, force: true })
  await mkdir(out, { recursive: true })
  for (const { path, links, manifest, isWorkspace } of closure) {
    if (manifest.name === PAGE_PACKAGE) await collectPage({ root, path, out, builtPage })
    else if (isWorkspace) await collectWorkspace(join(root, path), join(out, path))
    else await copyFolder(join(root, path), join(out, path), isUsed)
    for (const link of links) {
      await mkdir(dirname(join(out, link)), { recursive: true })
      await symlink(await readlink(join(root, link)), join(out, link))
    }
  }
  const { name, version, type, license } = readManifest(root) as RootManifest
  await writeFile(join(out, 'package.json'), `${JSON.stringify({ name, private: true, version, type, license, ...(revision === undefined ? {} : { gitHead: revision }) }, undefined, 2)}\n`)
  await copyFile(join(root, 'LICENSE'), join(out, 'LICENSE'))
  await writeFile(join(out, 'main.ts'), `import './apps/${app}/src/main.ts'\n`)
  return closure
}

interface RootManifest {
  readonly name: string
  readonly version: string
  readonly type: string
  readonly license: string
}

/** Where `ensurePage` looks for it where the page's sources are not. */
const BUILT_PAGE = 'dist/page'

async function collectPage({ root, path, out, builtPage }: { readonly root: string; readonly path: string; readonly out: string; readonly builtPage: () => Promise<string> }): Promise<void> {
  await mkdir(join(out, path, 'build'), { recursive: true })
  for (const file of ['package.json', 'build/ensure-page.ts']) await copyFile(join(root, path, file), join(out, path, file))
  await copyFolder(await builtPage(), join(out, path, BUILT_PAGE), () => true)
}

async function collectWorkspace(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true })
  await copyFile(join(from, 'package.json'), join(to, 'package.json'))
  await copyFolder(join(from, 'src'), join(to, 'src'), (path) => !/\.(?:test|conformance|bench)\.ts$/.test(path))
}

async function copyFolder(from: string, to: string, isWanted: (path: string) => boolean): Promise<void> {
  // Packages that lie within others are packages of their own here, and copied as such or not at all.
  const filter = async (source: string): Promise<boolean> => basename(source) !== 'node_modules' && ((await stat(source)).isDirectory() || isWanted(source))
  await mkdir(dirname(to), { recursive: true })
  // A copy on write where the file system can, since most of it is packages.
  await cp(from, to, { recursive: true, filter, mode: constants.COPYFILE_FICLONE })
}

/** Of others' packages: not what only compilers, debuggers and readers look at. Licences stay, as most of them ask for that. */
function isUsed(path: string): boolean {
  return /licen[cs]e|notice|copying/i.test(basename(path)) || !/\.(?:d\.[cm]?ts|map|md|markdown|tsbuildinfo)$/.test(path)
}
