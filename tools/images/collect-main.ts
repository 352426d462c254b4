/** `node collect-main.ts <app> <folder> [<commit>]`: makes the tree of an image, with its bill of materials. Imports no package that an app lacks, so that it runs in the build stage of any base. */
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isApp } from './apps.ts'
import { billOfMaterials } from './bill-of-materials.ts'
import { collectTree } from './collect-tree.ts'
import { readManifest } from './package-closure.ts'

const [app = '', out, revision] = process.argv.slice(2)
if (!isApp(app) || out === undefined) throw new Error('an app and a folder are needed')
const root = join(import.meta.dirname, '../..')
const commit = revision === '' ? undefined : revision
/** Only the apps that show the page have what makes it. */
const builtPage = async (): Promise<string> => await (await import('@millrace/web/ensure-page')).ensurePage()
const closure = await collectTree({ root, app, out, revision: commit, builtPage })
const bill = billOfMaterials({ app, version: readManifest(root).version, revision: commit, nodeVersion: process.versions.node, closure, integrityOf: readIntegrities(join(root, 'package-lock.json')) })
await writeFile(join(out, 'sbom.cdx.json'), bill)
console.log(`${app}: ${closure.length} packages`)

/** What the lock file says about each package's bytes, by its path. */
function readIntegrities(file: string): (path: string) => string | undefined {
  const { packages } = JSON.parse(readFileSync(file, 'utf8')) as { readonly packages: Readonly<Record<string, { readonly integrity?: string } | undefined>> } // npm's, lockfileVersion 3
  return (path) => packages[path]?.integrity
}
