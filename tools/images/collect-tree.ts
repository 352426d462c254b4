import { constants, copyFileSync, mkdirSync, readdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
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
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  for (const { path, links, manifest, isWorkspace } of closure) {
    if (manifest.name === PAGE_PACKAGE) await collectPage({ root, path, out, builtPage })
    else if (isWorkspace) collectWorkspace(join(root, path), join(out, path))
    else copyFolder(join(root, path), join(out, path), isUsed)
    for (const link of links) {
      mkdirSync(dirname(join(out, link)), { recursive: true })
      symlinkSync(readlinkSync(join(root, link)), join(out, link))
    }
  }
  const { name, version, type, license } = readManifest(root) as RootManifest
  writeFileSync(join(out, 'package.json'), `${JSON.stringify({ name, private: true, version, type, license, ...(revision === undefined ? {} : { gitHead: revision }) }, undefined, 2)}\n`)
  copyFileSync(join(root, 'LICENSE'), join(out, 'LICENSE'))
  writeFileSync(join(out, 'main.ts'), `import './apps/${app}/src/main.ts'\n`)
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
  mkdirSync(join(out, path, 'build'), { recursive: true })
  for (const file of ['package.json', 'build/ensure-page.ts']) copyFileSync(join(root, path, file), join(out, path, file))
  copyFolder(await builtPage(), join(out, path, BUILT_PAGE), () => true)
}

function collectWorkspace(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  copyFileSync(join(from, 'package.json'), join(to, 'package.json'))
  copyFolder(join(from, 'src'), join(to, 'src'), (path) => !/\.(?:test|conformance|bench)\.ts$/.test(path))
}

/** One file after the other: `fs.cp` asks a filter and the disk several times about each, which takes many times as long. */
function copyFolder(from: string, to: string, isWanted: (path: string) => boolean): void {
  mkdirSync(to, { recursive: true })
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name)
    const target = join(to, entry.name)
    // Packages that lie within others are packages of their own here, and copied as such or not at all.
    if (entry.isDirectory() && entry.name !== 'node_modules') copyFolder(source, target, isWanted)
    else if (entry.isFile() && isWanted(source)) copyFileSync(source, target, constants.COPYFILE_FICLONE)
  }
}

/** Of others' packages: not what only compilers, debuggers and readers look at. Licences stay, as most of them ask for that. */
function isUsed(path: string): boolean {
  return /licen[cs]e|notice|copying/i.test(basename(path)) || !/\.(?:d\.[cm]?ts|map|md|markdown|tsbuildinfo)$/.test(path)
}
