import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

/** A package that an app needs to run, as it lies in the tree. */
export interface ClosurePackage {
  /** Its folder, from the tree's root: `libs/bus` or `node_modules/kafkajs`. */
  readonly path: string
  /** The name by which it is found: where a symlink leads to a workspace, the symlink, `node_modules/@millrace/bus`. */
  readonly links: ReadonlySet<string>
  readonly manifest: Manifest
  /** One of ours, whose sources Node runs: it must not lie below node_modules, where Node takes no types out. */
  readonly isWorkspace: boolean
  /** Paths of what it needs itself. */
  readonly needs: ReadonlySet<string>
}

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly license?: string | { readonly type: string }
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

/** The page, which is built before an image is: its packages and sources are in a browser, or in nothing. */
export const PAGE_PACKAGE = '@millrace/web'

/**
 * Everything that a workspace needs in production, itself first, found as Node finds it: from each package's folder upwards. Optional packages that are not there, such as those of other
 * platforms, are left out.
 *
 * @throws {PackageMissingError} a needed one is not installed.
 */
export function packageClosure(root: string, workspace: string): readonly ClosurePackage[] {
  const found = new Map<string, { path: string; links: Set<string>; manifest: Manifest; isWorkspace: boolean; needs: Set<string> }>()
  const visit = (path: string): void => {
    const manifest = readManifest(join(root, path))
    const node = { path, links: new Set<string>(), manifest, isWorkspace: !path.split('/').includes('node_modules'), needs: new Set<string>() }
    found.set(path, node)
    if (manifest.name === PAGE_PACKAGE) return
    for (const { name, isOptional } of wantedBy(manifest)) {
      const link = resolvePackage(root, path, name)
      if (link === undefined && isOptional) continue
      if (link === undefined) throw new PackageMissingError(`${manifest.name} needs ${name}, which is not installed`)
      const target = relative(root, realpathSync(join(root, link)))
      if (!found.has(target)) visit(target)
      if (target !== link) found.get(target)?.links.add(link)
      node.needs.add(target)
    }
  }
  visit(workspace)
  return [...found.values()]
}

/** The packages were not installed, or not all of them. */
export class PackageMissingError extends Error {
  override readonly name = 'PackageMissingError'
  readonly code = 'PACKAGE_MISSING'
  readonly retryable = false
}

export function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest // written by npm or by us
}

function wantedBy({ dependencies = {}, optionalDependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} }: Manifest): readonly { readonly name: string; readonly isOptional: boolean }[] {
  // npm lists what is optional among the dependencies too. Optional peers are the package's offer to whoever has them, and nobody here asks for one.
  const needed = Object.keys(dependencies).filter((name) => !Object.hasOwn(optionalDependencies, name))
  const peers = Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional !== true)
  // Some depend on types, so that who compiles with them has them.
  const isRun = ({ name }: { readonly name: string }): boolean => !name.startsWith('@types/')
  return [...[...needed, ...peers].map((name) => ({ name, isOptional: false })), ...Object.keys(optionalDependencies).map((name) => ({ name, isOptional: true }))].filter(isRun)
}

/** The path, symlinks and all, at which Node finds a package from a folder. */
function resolvePackage(root: string, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, 'node_modules', name)
    if (existsSync(join(root, path, 'package.json'))) return path
    if (folder === '.') return undefined
  }
}
