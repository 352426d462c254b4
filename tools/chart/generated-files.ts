import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { valuesJsonSchema } from './values-schema.ts'
import { valuesTable } from './values-table.ts'

const root = join(import.meta.dirname, '../..')
/** Of the chart. */
export const chartFolder = join(root, 'charts/millrace')

/** The files that `npm run chart` makes, as they must be now. */
export async function generatedFiles(): Promise<readonly GeneratedFile[]> {
  const schema = valuesJsonSchema()
  const values = await readFile(join(chartFolder, 'values.yaml'), 'utf8')
  return [
    { path: join(chartFolder, 'values.schema.json'), content: `${JSON.stringify(schema, null, 2)}\n` },
    { path: join(root, 'docs/kubernetes-values.md'), content: valuesPage(valuesTable(values, schema)) },
  ]
}

export interface GeneratedFile {
  readonly path: string
  readonly content: string
}

function valuesPage(table: string): string {
  return `# Values of the chart

Made of \`charts/millrace/values.yaml\` by \`npm run chart\`. \`values.schema.json\` in the same folder has the types; editors that know YAML schemas complete by it. [kubernetes.md](kubernetes.md) tells how to install.

\`config\` and each app's own \`config\` take the settings of [configuration.md](configuration.md) by their own names, except \`httpPort\`, \`metricsPort\` and \`dataDir\`, which belong to the chart, and secrets, which \`existingSecrets\` takes.

${table}
`
}
