import { SettingConflictError } from '@millrace/catalog/catalog'
import { memorySettings } from '@millrace/catalog/memory-settings'
import { readRetentionClasses } from '@millrace/catalog/retention-classes'
import { BadPipelineError, parsePipelineDocument, type PipelineDocument } from './pipeline-document.ts'
import { KEPT_VERSIONS, readPipelinesVersion, writePipelines } from './pipeline-settings.ts'

const at = { nowMs: 1_728_000_000_000, retentionDays: 30 }
const keeping = (days: number, tables = {}): PipelineDocument => parsePipelineDocument({ pipelines: [{ name: 'p', processors: [{ type: 'retention', days }] }], tables })

describe('writing pipelines', () => {
  it('that is refused uses up no retention class', async () => {
    const settings = memorySettings()
    await expect(writePipelines(settings, 't', { document: keeping(1), expectedVersion: 3, ...at })).rejects.toThrow(SettingConflictError)
    const table = Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`${i}`, 'x'.repeat(200)]))
    await expect(writePipelines(settings, 't', { document: keeping(2, { table }), expectedVersion: 0, ...at })).rejects.toThrow(BadPipelineError)
    expect(await readRetentionClasses(settings, 't')).toEqual([])
    await writePipelines(settings, 't', { document: keeping(3), expectedVersion: 0, ...at })
    expect((await readRetentionClasses(settings, 't')).map(({ days }) => days)).toEqual([3])
  })

  it('keeps the versions before, and no others', async () => {
    const settings = memorySettings()
    for (let version = 0; version < KEPT_VERSIONS + 5; version++) await writePipelines(settings, 't', { document: parsePipelineDocument({ pipelines: [{ name: `p${version}`, processors: [] }] }), expectedVersion: version, ...at })
    const names = await Promise.all(Array.from({ length: KEPT_VERSIONS + 7 }, async (_, version) => (await readPipelinesVersion(settings, 't', version))?.document.pipelines[0]?.name))
    expect(names).toEqual(Array.from({ length: KEPT_VERSIONS + 7 }, (_, version) => (version >= 5 && version <= KEPT_VERSIONS + 5 ? `p${version - 1}` : undefined)))
  })
})
