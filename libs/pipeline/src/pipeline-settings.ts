import { MAX_SETTING_LENGTH, type Settings } from '@millrace/catalog/catalog'
import { BadPipelineError, parsePipelineDocument, type PipelineDocument } from './pipeline-document.ts'
import { compilePipelines } from './compile-pipelines.ts'

/** A tenant's document as it is kept. */
export interface StoredPipelines {
  readonly document: PipelineDocument
  /** Grows by one with every change; 0 for a tenant that has never said anything. */
  readonly version: number
  /** ISO 8601; undefined for version 0. */
  readonly changedAt: string | undefined
}

/** Of which a document can be read again: long enough to go back over a day of trying. */
export const KEPT_VERSIONS = 20

export async function readPipelines(settings: Settings, tenantId: string): Promise<StoredPipelines> {
  const setting = await settings.readSetting(tenantId, HEAD)
  return setting === undefined ? { document: parsePipelineDocument({}), version: 0, changedAt: undefined } : storedOf(setting.value)
}

/** One of the last {@link KEPT_VERSIONS} versions; undefined where it is older, or none. */
export async function readPipelinesVersion(settings: Settings, tenantId: string, version: number): Promise<StoredPipelines | undefined> {
  if (!Number.isSafeInteger(version) || version < 1) return undefined
  const setting = await settings.readSetting(tenantId, placeOfVersion(version))
  const stored = setting === undefined ? undefined : storedOf(setting.value)
  if (stored === undefined || stored.version !== version) return undefined
  // A version that was kept and never became the head is none.
  return (await readPipelines(settings, tenantId)).version >= version ? stored : undefined
}

/**
 * Puts a document in the place of the version that the caller has read. Answers the new version.
 *
 * @throws {BadPipelineError} @throws {SettingConflictError} another version is there. @throws {OutcomeUnknownError}
 */
export async function writePipelines(settings: Settings, tenantId: string, { document, expectedVersion, nowMs }: { readonly document: PipelineDocument; readonly expectedVersion: number; readonly nowMs: number }): Promise<StoredPipelines> {
  compilePipelines(document)
  const stored: StoredPipelines = { document, version: expectedVersion + 1, changedAt: new Date(nowMs).toISOString() }
  const value = JSON.stringify(stored)
  if (value.length > MAX_SETTING_LENGTH) throw new BadPipelineError(`the document has ${value.length} characters; ${MAX_SETTING_LENGTH} are possible, tables included`)
  // The copy comes first, so that no version is current that cannot be read again. Two writers of one version may leave either's copy: the one that wins the head writes its own once more.
  await keepVersion(settings, tenantId, stored.version, value)
  await settings.writeSetting(tenantId, HEAD, value, expectedVersion)
  await keepVersion(settings, tenantId, stored.version, value)
  return stored
}

async function keepVersion(settings: Settings, tenantId: string, version: number, value: string): Promise<void> {
  const place = placeOfVersion(version)
  const before = await settings.readSetting(tenantId, place)
  if (before?.value !== value) await settings.writeSetting(tenantId, place, value, before?.version ?? 0)
}

const HEAD = 'pipelines'

function placeOfVersion(version: number): string {
  return `pipelines-${version % KEPT_VERSIONS}`
}

function storedOf(value: string): StoredPipelines {
  const { document, version, changedAt } = JSON.parse(value) as { readonly document: unknown; readonly version: number; readonly changedAt: string }
  return { document: parsePipelineDocument(document), version, changedAt }
}
