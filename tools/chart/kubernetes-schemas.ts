import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { ensureWheel } from '../kubernetes/ensure-wheel.ts'
import type { Manifest } from './render-chart.ts'

/** Of the PyPI package, which holds the schemas of all objects of Kubernetes, made from its OpenAPI. */
/** `strict`: a field that is no field of the object is refused, where a real API server may drop it silently. */
const DEFINITIONS = 'kubernetes_validate/kubernetes-json-schema/v1.34.0-local-strict/_definitions.json'
const SCHEMAS_WHEEL = { name: 'kubernetes-validate', version: '1.37.0', files: [DEFINITIONS] } as const

/** Says what is wrong with an object: a line each, none for a good one. @throws for a kind that Kubernetes itself does not have. */
export type CheckManifest = (manifest: Manifest) => readonly string[]

/** Reads the schemas of Kubernetes' own objects, out of a cache when they were needed before. */
export async function openKubernetesSchemas(): Promise<CheckManifest> {
  const schemas = JSON.parse(await readFile(join(await ensureWheel(SCHEMAS_WHEEL), DEFINITIONS), 'utf8')) as { readonly $id: string; readonly $defs: Readonly<Record<string, Definition>> }
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false, logger: false })
  ajv.addSchema(schemas)
  const compiled = new Map<string, ValidateFunction>()
  const nameOf = new Map<string, string>(Object.entries(schemas.$defs).flatMap(([name, { 'x-kubernetes-group-version-kind': kinds = [] }]) => kinds.map(({ group, version, kind }) => [`${group === '' ? '' : `${group}/`}${version} ${kind}`, name] as const)))
  return (manifest) => {
    const kind = `${manifest.apiVersion} ${manifest.kind}`
    const name = nameOf.get(kind)
    if (name === undefined) throw new Error(`${kind} is no object of Kubernetes`)
    const validate: ValidateFunction = compiled.get(kind) ?? ajv.compile({ $ref: `${schemas.$id}#/$defs/${name}` })
    compiled.set(kind, validate)
    const { name: object } = manifest.metadata
    return validate(manifest) ? [] : (validate.errors ?? []).map(({ instancePath, message = '', params }) => `${kind} ${object} ${instancePath} ${message} ${JSON.stringify(params)}`)
  }
}

interface Definition {
  readonly 'x-kubernetes-group-version-kind'?: readonly { readonly group: string; readonly version: string; readonly kind: string }[]
}
