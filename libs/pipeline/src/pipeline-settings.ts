import { MAX_SETTING_LENGTH, SettingConflictError, type Setting, type Settings } from '@millrace/catalog/catalog'
import { addRetentionClasses, TooManyClassesError } from '@millrace/catalog/retention-classes'
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

/** Versions before the current one that can be read again: enough to go back over a day of trying. */
export const KEPT_VERSIONS = 20

export async function readPipelines(settings: Settings, tenantId: string): Promise<StoredPipelines> {
  const setting = await settings.readSetting(tenantId, HEAD)
  return setting === undefined ? { document: parsePipelineDocument({}), version: 0, changedAt: undefined } : storedOf(setting.value)
}

/** The current version or one of the {@link KEPT_VERSIONS} before it; undefined where it is older, or none. */
export async function readPipelinesVersion(settings: Settings, tenantId: string, version: number): Promise<StoredPipelines | undefined> {
  const current = await readPipelines(settings, tenantId)
  if (version === current.version) return current
  if (!Number.isSafeInteger(version) || version < 1 || version > current.version) return undefined
  const setting = await settings.readSetting(tenantId, placeOfVersion(version))
  const stored = setting === undefined ? undefined : storedOf(setting.value)
  return stored?.version === version ? stored : undefined
}

/**
 * Puts a document in the place of the version that the caller has read. Answers the new version.
 *
 * @param retentionDays of the tenant.
 * @throws {BadPipelineError} @throws {SettingConflictError} another version is there. @throws {OutcomeUnknownError}
 */
export async function writePipelines(settings: Settings, tenantId: string, { document, expectedVersion, nowMs, retentionDays }: { readonly document: PipelineDocument; readonly expectedVersion: number; readonly nowMs: number; readonly retentionDays: number }): Promise<StoredPipelines> {
  compilePipelines(document)
  const stored: StoredPipelines = { document, version: expectedVersion + 1, changedAt: new Date(nowMs).toISOString() }
  const value = JSON.stringify(stored)
  if (value.length > MAX_SETTING_LENGTH) throw new BadPipelineError(`the document has ${value.length} characters; ${MAX_SETTING_LENGTH} are possible, tables included`)
  const current = await settings.readSetting(tenantId, HEAD)
  // Classes are few and stay for ever: a document that is refused must not use them up.
  if ((current?.version ?? 0) !== expectedVersion) throw new SettingConflictError(`${HEAD} of ${tenantId} has another version than ${expectedVersion}`)
  await addClasses(settings, tenantId, document, { nowMs, retentionDays })
  // What is replaced is kept first. Whoever else writes at this moment keeps the same, so that no version that was current is lost to a writer that loses.
  if (current !== undefined) await keepVersion(settings, tenantId, current)
  await settings.writeSetting(tenantId, HEAD, value, expectedVersion)
  return stored
}

/** Readers must know a class before an event is in it. */
async function addClasses(settings: Settings, tenantId: string, { pipelines }: PipelineDocument, { nowMs, retentionDays }: { readonly nowMs: number; readonly retentionDays: number }): Promise<void> {
  const days: number[] = []
  for (const [index, { processors }] of pipelines.entries()) for (const [at, processor] of processors.entries()) {
    if (processor.type !== 'retention') continue
    if (processor.days >= retentionDays) throw new BadPipelineError(`pipelines[${index}].processors[${at}].days: must be fewer than the tenant's own ${retentionDays} days; longer ones are the tenant's retention, and shorter ones of some events`)
    days.push(processor.days)
  }
  if (days.length === 0) return
  try {
    await addRetentionClasses(settings, tenantId, days, nowMs)
  } catch (cause) {
    if (cause instanceof TooManyClassesError) throw new BadPipelineError(cause.message, { cause })
    throw cause
  }
}

async function keepVersion(settings: Settings, tenantId: string, { version, value }: Setting): Promise<void> {
  const place = placeOfVersion(version)
  const before = await settings.readSetting(tenantId, place)
  if (before?.value === value) return
  try {
    await settings.writeSetting(tenantId, place, value, before?.version ?? 0)
  } catch (error) {
    // Another writer has kept it, or is further already; then this one's version is stale.
    if (!(error instanceof SettingConflictError)) throw error
  }
}

const HEAD = 'pipelines'

function placeOfVersion(version: number): string {
  return `pipelines-${version % KEPT_VERSIONS}`
}

function storedOf(value: string): StoredPipelines {
  const { document, version, changedAt } = JSON.parse(value) as { readonly document: unknown; readonly version: number; readonly changedAt: string }
  return { document: parsePipelineDocument(document), version, changedAt }
}
