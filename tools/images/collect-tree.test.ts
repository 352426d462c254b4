import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { collectTree } from './collect-tree.ts'
import { PackageMissingError } from './package-closure.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'collect-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

describe('collecting the tree of an app', () => {
  it('takes the app, what it needs and the built page, and the result runs', async () => {
    await writeTree(join(folder, 'clone'))
    const out = await collect('clone', 'out')
    expect(filesBelow(out)).toEqual([
      'LICENSE', 'apps/gateway/package.json', 'apps/gateway/src/main.ts', 'apps/web/build/ensure-page.ts', 'apps/web/dist/page/index.html', 'apps/web/package.json', 'libs/bus/package.json', 'libs/bus/src/bus.ts', 'main.ts',
      'node_modules/driver/LICENSE.md', 'node_modules/driver/index.js', 'node_modules/driver/node_modules/base/index.js', 'node_modules/driver/node_modules/base/package.json', 'node_modules/driver/package.json', 'package.json',
    ])
    expect(execFileSync(process.execPath, [join(out, 'main.ts')], { encoding: 'utf8' })).toBe('driver over base 1\n')
    expect(JSON.parse(readFileSync(join(out, 'package.json'), 'utf8'))).toEqual({ name: 'source', private: true, version: '1.2.3', type: 'module', license: 'Apache-2.0', gitHead: 'abc' })
  })

  it('gives the same again from its own result, which is how a build without a registry brings its packages', async () => {
    await writeTree(join(folder, 'clone'))
    const once = await collect('clone', 'once')
    const twice = await collect('once', 'twice')
    expect(filesBelow(twice)).toEqual(filesBelow(once))
  })

  it('refuses a tree whose packages are not installed', async () => {
    await writeTree(join(folder, 'clone'))
    for (const path of ['driver/node_modules/base', 'base']) await rm(join(folder, 'clone/node_modules', path), { recursive: true })
    await expect(collect('clone', 'out')).rejects.toThrow(new PackageMissingError('driver needs base, which is not installed'))
  })
})

async function collect(from: string, to: string): Promise<string> {
  const out = join(folder, to)
  await collectTree({ root: join(folder, from), app: 'gateway', out, revision: 'abc', builtPage: () => Promise.resolve(join(folder, from, 'apps/web/dist/page')) })
  return out
}

/** An app that shows the page and uses a workspace, which uses a package with a package of its own; and beside them what must not be taken. */
async function writeTree(root: string): Promise<void> {
  const files: Readonly<Record<string, string>> = {
    'package.json': manifest('source', { version: '1.2.3', license: 'Apache-2.0', devDependencies: { tester: '1' } }),
    'LICENSE': 'free',
    'apps/gateway/package.json': manifest('@millrace/gateway', { dependencies: { '@millrace/bus': '*', '@millrace/web': '*' } }),
    'apps/gateway/src/main.ts': "import { said } from '@millrace/bus/bus'\nconst text: string = said\nconsole.log(text)\n",
    'apps/gateway/src/main.test.ts': 'unfinished (',
    'apps/web/package.json': manifest('@millrace/web', { dependencies: { framework: '1' } }),
    'apps/web/build/ensure-page.ts': 'export const page = 1\n',
    'apps/web/src/page.tsx': 'export const page = 1\n',
    'apps/web/dist/page/index.html': '<!doctype html>',
    'libs/bus/package.json': manifest('@millrace/bus', { exports: { './*': './src/*.ts' }, dependencies: { driver: '1' } }),
    'libs/bus/src/bus.ts': "import { name } from 'driver'\nexport const said: string = `driver over ${name}`\n",
    'libs/bus/src/bus.conformance.ts': 'unfinished (',
    'libs/bus/testdata/old.bin': 'old',
    'libs/other/package.json': manifest('@millrace/other', {}),
    'node_modules/driver/package.json': manifest('driver', { main: 'index.js', dependencies: { base: '1' }, optionalDependencies: { 'driver-of-another-platform': '1' }, peerDependencies: { tester: '1' }, peerDependenciesMeta: { tester: { optional: true } } }),
    'node_modules/driver/index.js': "export { name } from 'base'\n",
    'node_modules/driver/index.d.ts': 'export const name: string\n',
    'node_modules/driver/index.js.map': '{}',
    'node_modules/driver/README.md': 'read',
    'node_modules/driver/LICENSE.md': 'free',
    'node_modules/driver/node_modules/base/package.json': manifest('base', { main: 'index.js' }),
    'node_modules/driver/node_modules/base/index.js': "export const name = 'base 1'\n",
    'node_modules/base/package.json': manifest('base', { main: 'index.js' }),
    'node_modules/base/index.js': "export const name = 'another base'\n",
    'node_modules/tester/package.json': manifest('tester', {}),
    'node_modules/framework/package.json': manifest('framework', {}),
  }
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  await mkdir(join(root, 'node_modules/@millrace'))
  for (const [name, path] of [['bus', 'libs/bus'], ['web', 'apps/web'], ['other', 'libs/other']] as const) await symlink(join('../..', path), join(root, 'node_modules/@millrace', name))
}

function manifest(name: string, more: object): string {
  return JSON.stringify({ name, version: '1.0.0', type: 'module', ...more })
}

/** Files, those behind symlinks left out. */
function filesBelow(root: string): readonly string[] {
  expect(existsSync(join(root, 'node_modules/@millrace/bus/src/bus.ts'))).toBe(true)
  return readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1)).filter((path) => !path.startsWith('node_modules/@millrace/')).sort()
}
