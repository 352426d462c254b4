import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { parseAllDocuments } from 'yaml'
import { ensureHelm } from '../kubernetes/ensure-helm.ts'
import { chartFolder } from './generated-files.ts'

const run = promisify(execFile)
/** Of a rendered chart: some hundred kilobytes. */
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024

/** An object as the chart renders it, as far as tests look into it. */
export interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> }
  readonly spec?: Readonly<Record<string, unknown>>
  readonly data?: Readonly<Record<string, string>>
}

export interface RenderOptions {
  readonly release?: string
  /** Files of the chart's folder. */
  readonly valuesFiles?: readonly string[]
  readonly values?: object
}

/** Everything that `helm install` would give to Kubernetes, hooks included. @throws with Helm's own words when it refuses. */
export async function renderChart({ release = 'millrace', valuesFiles = [], values = {} }: RenderOptions): Promise<readonly Manifest[]> {
  // Given as YAML in one `--set-json` for each value, so that nothing has to be written to a file.
  const settings = Object.entries(values).flatMap(([name, value]) => ['--set-json', `${name}=${JSON.stringify(value)}`])
  const files = valuesFiles.flatMap((name) => ['--values', `${chartFolder}/${name}`])
  const { stdout } = await run(await ensureHelm(), ['template', release, chartFolder, '--namespace', 'logs', ...files, ...settings], { maxBuffer: MAX_OUTPUT_BYTES })
  return parseAllDocuments(stdout).map((document) => {
    if (document.errors.length > 0) throw new Error(`the chart renders no YAML: ${document.errors.map(({ message }) => message).join('; ')}`)
    return document.toJS() as Manifest | null
  }).filter((manifest) => manifest !== null)
}

/** Why Helm refuses these values. @throws when it does not. */
export async function refusalOf(options: RenderOptions): Promise<string> {
  try {
    await renderChart(options)
  } catch (error) {
    if (error instanceof Error && 'stderr' in error) return String(error.stderr)
    throw error
  }
  throw new Error('Helm takes these values')
}

/** Helm's own check of the chart, warnings counted as errors. @throws with its report. */
export async function lintChart(valuesFiles: readonly string[]): Promise<string> {
  const { stdout } = await run(await ensureHelm(), ['lint', '--strict', chartFolder, ...valuesFiles.flatMap((name) => ['--values', `${chartFolder}/${name}`])])
  return stdout
}
