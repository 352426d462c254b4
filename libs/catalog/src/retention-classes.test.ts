import { systemClock } from '@millrace/runtime/system-clock'
import { memorySettings } from './memory-settings.ts'
import { addRetentionClasses, createTenantsOf, MAX_RETENTION_CLASSES, readRetentionClasses, TooManyClassesError, withRetentionClasses } from './retention-classes.ts'

describe('retention classes', () => {
  it('are added once, stay, and are usable only after every reader knows them', async () => {
    const settings = memorySettings()
    expect(await readRetentionClasses(settings, 't')).toEqual([])
    await addRetentionClasses(settings, 't', [7, 3, 7], 1_000)
    await addRetentionClasses(settings, 't', [3], 90_000)
    await addRetentionClasses(settings, 't', [15], 100_000)
    expect(await readRetentionClasses(settings, 't')).toEqual([{ days: 7, fromMs: 21_000 }, { days: 3, fromMs: 21_000 }, { days: 15, fromMs: 120_000 }])
    expect(await readRetentionClasses(settings, 'other')).toEqual([])
    expect(await createTenantsOf(settings, systemClock)('t')).toEqual(['t', 't~7', 't~3', 't~15'])
  })

  it('of two that add at once neither is lost', async () => {
    const settings = memorySettings()
    await Promise.all([addRetentionClasses(settings, 't', [3], 0), addRetentionClasses(settings, 't', [7], 0)])
    expect((await readRetentionClasses(settings, 't')).map(({ days }) => days).sort()).toEqual([3, 7])
  })

  it('are few', async () => {
    const settings = memorySettings()
    await expect(addRetentionClasses(settings, 't', Array.from({ length: MAX_RETENTION_CLASSES + 1 }, (_, i) => i + 1), 0)).rejects.toThrow(TooManyClassesError)
    expect(await readRetentionClasses(settings, 't')).toEqual([])
  })

  it('stand beside their tenants for whoever goes through all', async () => {
    const settings = memorySettings()
    await addRetentionClasses(settings, 'a', [3], 0)
    expect(await withRetentionClasses(settings, [{ tenantId: 'a', name: 'A', retentionDays: 30 }, { tenantId: 'b', name: 'B', retentionDays: 5 }])).toEqual([
      { tenantId: 'a', name: 'A', retentionDays: 30 }, { tenantId: 'a~3', name: 'A', retentionDays: 3 }, { tenantId: 'b', name: 'B', retentionDays: 5 },
    ])
  })
})
