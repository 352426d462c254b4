/** Makes what is made of the chart's sources: `npm run chart` after a change of values.yaml, of a setting, or of values-schema.ts. */
import { writeFile } from 'node:fs/promises'
import { generatedFiles } from './generated-files.ts'

for (const { path, content } of await generatedFiles()) {
  await writeFile(path, content)
  console.log(path)
}
