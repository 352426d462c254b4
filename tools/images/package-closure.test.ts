import { readFileSync, realpathSync } from 'node:fs'
import { createRequire, isBuiltin } from 'node:module'
import { join, relative } from 'node:path'
import { APPS } from './apps.ts'
import { packageClosure, PAGE_PACKAGE, type ClosurePackage } from './package-closure.ts'

const ROOT = join(import.meta.dirname, '../..')
const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as { readonly packages: Readonly<Record<string, { readonly dev?: boolean } | undefined>> }

describe.each(APPS)('the packages of %s', (app) => {
  const closure = packageClosure(ROOT, `apps/${app}`)

  it('are all that it imports, now or later, each told by who imports it', () => {
    const byPath = new Map(closure.map((found) => [found.path, found]))
    const names = (found: ClosurePackage | undefined): readonly string[] => (found === undefined ? [] : [found.manifest.name, ...[...found.needs].map((path) => byPath.get(path)?.manifest.name ?? '')])
    const imports = importsFrom(join(ROOT, `apps/${app}/src/main.ts`))
    expect(imports.length).toBeGreaterThan(50)
    expect(imports.filter(({ importer, name }) => !names(byPath.get(importer)).includes(name)).map(({ importer, name }) => `${importer} imports ${name}`)).toEqual([])
  })

  it('are none that only development or the build of the page needs', () => {
    expect(closure.filter(({ path }) => lock.packages[path] === undefined || lock.packages[path].dev === true).map(({ path }) => path)).toEqual([])
    const names = closure.map(({ manifest }) => manifest.name)
    expect(names.filter((name) => /^(?:typescript|jest|nx|eslint|vite|rolldown|react|react-dom|node|@types\/.*|@codemirror\/.*|@millrace\/simulator|@millrace\/tools)$/.test(name))).toEqual([])
  })

  it('have the page where it is shown', () => {
    expect(closure.some(({ manifest }) => manifest.name === PAGE_PACKAGE)).toBe(app === 'gateway' || app === 'standalone')
  })

  it('keep our own out of node_modules, where Node takes no types out', () => {
    for (const { path, links, manifest, isWorkspace } of closure) {
      if (manifest.name.startsWith('@millrace/')) expect({ path, isWorkspace }).toEqual({ path: expect.stringMatching(/^(?:libs|apps)\/[^/]+$/), isWorkspace: true })
      if (isWorkspace && path !== `apps/${app}`) expect([...links]).toEqual([`node_modules/${manifest.name}`])
    }
  })
})

interface PackageImport {
  /** Folder of the workspace, from the root. */
  readonly importer: string
  /** Of the package. */
  readonly name: string
}

/** Every import of a package by a module of ours that is reached from one, through other modules of ours and those that threads are started with. */
function importsFrom(main: string): readonly PackageImport[] {
  const reached = new Set([main])
  const imports: PackageImport[] = []
  for (const file of reached) {
    const importer = relative(ROOT, file).split('/').slice(0, 2).join('/')
    for (const [, specifier = ''] of readFileSync(file, 'utf8').replace(/^ *(?:\*|\/\/|\/\*\*).*$/gm, '').matchAll(/(?:^(?:import|export) (?!type\b)[^\n]*? from |^import |\bimport\(|\bimport\.meta\.resolve\()'([^']+)'/gm)) {
      if (isBuiltin(specifier)) continue
      if (!specifier.startsWith('.')) imports.push({ importer, name: specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1).join('/') })
      if (specifier.startsWith('.') || specifier.startsWith('@millrace/')) reached.add(realpathSync(createRequire(file).resolve(specifier)))
    }
  }
  expect([...reached].filter((file) => /\.(?:test|conformance|bench)\.ts$/.test(file))).toEqual([])
  return imports
}
