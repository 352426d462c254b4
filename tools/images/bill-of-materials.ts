import type { App } from './apps.ts'
import type { ClosurePackage, Manifest } from './package-closure.ts'

export interface BillOptions {
  readonly app: App
  /** Of Millrace, in all of our own packages' places. */
  readonly version: string
  readonly revision: string | undefined
  /** Of Node, `24.21.0`: it is no package, and the largest part of an image. */
  readonly nodeVersion: string
  readonly closure: readonly ClosurePackage[]
  /** What the lock file says about the bytes of a package at a path, `sha512-…`. */
  readonly integrityOf: (path: string) => string | undefined
}

/**
 * The software bill of materials of one app, CycloneDX 1.6 as JSON (https://cyclonedx.org/docs/1.6/json/): Node, our packages and all others, with licences, hashes and who needs whom. The same
 * inputs give the same bytes, so it has neither a time nor a serial number. What the base image brings stands in the base image's own.
 */
export function billOfMaterials({ app, version, revision, nodeVersion, closure, integrityOf }: BillOptions): string {
  const [main, ...others] = closure
  if (main === undefined) throw new Error('an app needs at least itself')
  const node = { type: 'platform', 'bom-ref': NODE_REF, name: 'node', version: nodeVersion, purl: NODE_REF.replace('*', nodeVersion), licenses: [{ license: { id: 'MIT' } }] }
  const components = others.map((found) => componentOf(found, { version, integrity: integrityOf(found.path) }))
  const dependencies = closure.map(({ path, needs }) => ({ ref: path, dependsOn: [...needs, ...(path === main.path ? [NODE_REF] : [])].sort() }))
  const document = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: {
        type: 'application', 'bom-ref': main.path, group: 'millrace', name: app, version, licenses: licensesOf({ license: 'Apache-2.0' }),
        ...(revision === undefined ? {} : { properties: [{ name: 'millrace:revision', value: revision }] }),
      },
    },
    components: [node, ...components],
    dependencies: [...dependencies, { ref: NODE_REF, dependsOn: [] }],
  }
  return `${JSON.stringify(document, undefined, 1)}\n`
}

const NODE_REF = 'pkg:generic/node@*'

function componentOf({ path, manifest, isWorkspace }: ClosurePackage, { version, integrity }: { readonly version: string; readonly integrity: string | undefined }): object {
  const { group, name } = splitName(manifest.name)
  const shown = isWorkspace ? version : manifest.version
  return {
    type: 'library', 'bom-ref': path, ...(group === undefined ? {} : { group }), name, version: shown,
    ...(integrity === undefined ? {} : { hashes: hashesOf(integrity) }),
    licenses: licensesOf(isWorkspace ? { license: 'Apache-2.0' } : manifest),
    // Ours are in no registry, and must not be looked for there.
    ...(isWorkspace ? {} : { purl: `pkg:npm/${group === undefined ? '' : `${encodeURIComponent(group)}/`}${name}@${shown}` }),
  }
}

function splitName(name: string): { readonly group: string | undefined; readonly name: string } {
  const [first = '', second] = name.split('/')
  return second === undefined ? { group: undefined, name: first } : { group: first, name: second }
}

/** `MIT`, or an expression such as `(MIT OR Apache-2.0)`; a package that tells none has none here either. */
function licensesOf({ license }: Pick<Manifest, 'license'>): readonly object[] {
  const text = typeof license === 'object' ? license.type : license
  if (text === undefined) return []
  if (/ (?:OR|AND|WITH) /.test(text)) return [{ expression: text }]
  return [{ license: /^[A-Za-z0-9.+-]+$/.test(text) && text !== 'UNLICENSED' ? { id: text } : { name: text } }]
}

/** From a lock file's `sha512-<base64>`. */
function hashesOf(integrity: string): readonly object[] {
  const names: Readonly<Record<string, string>> = { sha1: 'SHA-1', sha256: 'SHA-256', sha384: 'SHA-384', sha512: 'SHA-512' }
  return integrity.split(' ').flatMap((one) => {
    const [algorithm = '', digest = ''] = one.split(/-(.*)/s)
    const alg = names[algorithm]
    return alg === undefined ? [] : [{ alg, content: Buffer.from(digest, 'base64').toString('hex') }]
  })
}
