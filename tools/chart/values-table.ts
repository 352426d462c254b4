import { isMap, isScalar, parseDocument, type Pair, type YAMLMap } from 'yaml'
import type { JsonSchema } from './values-schema.ts'

/** The values as a table for the docs: path, type, default, and the comment above it in values.yaml. Blocks of values have a row when they have a comment. */
export function valuesTable(text: string, schema: JsonSchema): string {
  const document = parseDocument(text)
  if (!isMap(document.contents)) throw new Error('values.yaml holds no map')
  const rows = rowsOf(document.contents, [], schema, (schema['definitions'] ?? {}) as Definitions)
  return ['| value | type | default | means |', '|---|---|---|---|', ...rows.map(({ path, type, fallback, comment }) => `| \`${path}\` | ${type} | ${fallback} | ${comment} |`)].join('\n')
}

interface Row {
  readonly path: string
  readonly type: string
  readonly fallback: string
  readonly comment: string
}

type Definitions = Readonly<Record<string, JsonSchema>>

function rowsOf(map: YAMLMap, parents: readonly string[], schema: JsonSchema, definitions: Definitions): readonly Row[] {
  // A comment above the first of a block belongs to the block in the parser's eyes.
  const first = map.items[0]
  return map.items.flatMap((pair) => {
    const name = String(isScalar(pair.key) ? pair.key.value : pair.key)
    const path = [...parents, name]
    const own = propertyOf(schema, name, definitions)
    const comment = commentOf(pair, pair === first ? map.commentBefore : undefined)
    const block = isMap(pair.value) && own['properties'] !== undefined && name !== 'resources' ? pair.value : undefined
    if (block === undefined) return [{ path: path.join('.'), type: typeOf(own), fallback: fallbackOf(pair), comment }]
    const below = rowsOf(block, path, own, definitions)
    return comment === '' ? below : [{ path: path.join('.'), type: '', fallback: '', comment }, ...below]
  })
}

function commentOf(pair: Pair, ofBlock: string | null | undefined): string {
  const ofKey = isScalar(pair.key) ? pair.key.commentBefore : undefined
  // A paragraph that an empty line parts from the value is about what follows as a whole.
  const paragraphs = (ofKey ?? ofBlock ?? '').split(/\n\s*\n/)
  return (paragraphs.at(-1) ?? '').split('\n').map((line) => line.trim()).join(' ').replaceAll('|', '\\|').trim()
}

function propertyOf(schema: JsonSchema, name: string, definitions: Definitions): JsonSchema {
  const properties = schema['properties'] as Record<string, JsonSchema> | undefined
  const property = properties?.[name]
  if (property === undefined) throw new Error(`values.yaml has ${name}, which the schema does not know`)
  const { $ref } = property
  return typeof $ref === 'string' ? (definitions[$ref.split('/').at(-1) ?? ''] ?? property) : property
}

function typeOf({ type, enum: choices, anyOf }: JsonSchema): string {
  if (Array.isArray(choices)) return choices.map((choice) => `\`${choice === '' ? '""' : String(choice)}\``).join(', ')
  if (Array.isArray(anyOf)) return anyOf.map((each) => typeOf(each as JsonSchema)).join(' or ')
  return typeof type === 'string' ? type : ''
}

function fallbackOf({ value }: Pair): string {
  const json = JSON.stringify(value) // of a node: the plain value
  return json === '""' ? '' : `\`${json.replaceAll('|', '\\|')}\``
}
