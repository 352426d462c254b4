import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What one version has left behind in `testdata/<version>`. */
export interface Recording {
  readonly version: string
  readonly manifest: Manifest
  readonly standalone: RecordedStandalone
  file(name: string): Promise<Buffer>
}

/** `manifest.json`. */
export interface Manifest {
  /** ms since 1970. */
  readonly recordedMs: number
  /** What the version wrote and read. The bytes are in `<name>.bin`, what they say is `value`. */
  readonly formats: Readonly<Record<string, { readonly writes: string; readonly reads: readonly string[]; readonly value: unknown }>>
  /** Of every schema, as in `schemaSteps`. */
  readonly schemaSteps: Readonly<Record<string, string>>
  /** A settings file with every setting that there was, of the services and of the standalone process. */
  readonly settings: { readonly services: Readonly<Record<string, unknown>>; readonly standalone: Readonly<Record<string, unknown>> }
}

/** `standalone.json`: what could be asked of the folder in `standalone.zst`; the answers to {@link QUERY} are in `events.ndjson`. */
export interface RecordedStandalone {
  readonly apiKey: string
  readonly cookie: string
  /** Of what was sealed, and of what was not. */
  readonly receipts: { readonly sealed: string; readonly searchable: string }
  /** Of the question after its first ten events, and the ids of the next ten. */
  readonly cursor: string
  readonly nextIds: readonly string[]
  readonly views: unknown
  readonly pipelines: unknown
}

export const TESTDATA = join(import.meta.dirname, 'testdata')

export async function readRecording(version: string): Promise<Recording> {
  const file = async (name: string): Promise<Buffer> => await readFile(join(TESTDATA, version, name))
  const [manifest, standalone] = await Promise.all(['manifest.json', 'standalone.json'].map(async (name) => JSON.parse((await file(name)).toString('utf8')) as unknown))
  return { version, manifest: manifest as Manifest, standalone: standalone as RecordedStandalone, file }
}
