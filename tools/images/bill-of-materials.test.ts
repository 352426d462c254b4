import { join } from 'node:path'
import { Spec, Validation } from '@cyclonedx/cyclonedx-library'
import { billOfMaterials } from './bill-of-materials.ts'
import { packageClosure } from './package-closure.ts'

const closure = packageClosure(join(import.meta.dirname, '../..'), 'apps/query')
const integrity = `sha512-${Buffer.alloc(64, 7).toString('base64')}`
const text = billOfMaterials({ app: 'query', version: '1.2.3', revision: 'abc', nodeVersion: '24.1.0', closure, integrityOf: (path) => (path === 'node_modules/kafkajs' ? integrity : undefined) })
const bill = JSON.parse(text) as Bill

interface Bill {
  readonly components: readonly { readonly 'bom-ref': string; readonly name: string; readonly version: string; readonly purl?: string; readonly hashes?: readonly unknown[] }[]
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[]
}

describe('the bill of materials', () => {
  it('is CycloneDX 1.6, strictly', async () => {
    expect(await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text)).toBeNull()
  })

  it('lists Node and every package of the image, ours by our version and without an address in a registry', () => {
    expect(bill.components).toHaveLength(closure.length) // without the app itself, with Node
    expect(bill.components).toContainEqual(expect.objectContaining({ name: 'node', version: '24.1.0', purl: 'pkg:generic/node@24.1.0' }))
    expect(bill.components).toContainEqual({ type: 'library', 'bom-ref': 'libs/bus', group: '@millrace', name: 'bus', version: '1.2.3', licenses: [{ license: { id: 'Apache-2.0' } }] })
    expect(bill.components).toContainEqual({ type: 'library', 'bom-ref': 'node_modules/kafkajs', name: 'kafkajs', version: '2.2.4', hashes: [{ alg: 'SHA-512', content: '07'.repeat(64) }], licenses: [{ license: { id: 'MIT' } }], purl: 'pkg:npm/kafkajs@2.2.4' })
    expect(bill.components.find(({ name }) => name === 'elasticsearch')?.purl).toMatch(/^pkg:npm\/%40elastic\/elasticsearch@/)
  })

  it('tells who needs whom, by references that are in it', () => {
    const refs = new Set(['apps/query', ...bill.components.map((component) => component['bom-ref'])])
    expect(bill.dependencies.flatMap(({ ref, dependsOn }) => [ref, ...dependsOn]).filter((ref) => !refs.has(ref))).toEqual([])
    expect(bill.dependencies.find(({ ref }) => ref === 'libs/bus')?.dependsOn).toContain('node_modules/kafkajs')
  })

  it('is the same for the same inputs', () => {
    expect(billOfMaterials({ app: 'query', version: '1.2.3', revision: 'abc', nodeVersion: '24.1.0', closure, integrityOf: (path) => (path === 'node_modules/kafkajs' ? integrity : undefined) })).toBe(text)
  })
})
