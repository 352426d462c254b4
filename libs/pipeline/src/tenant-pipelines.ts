import type { Settings } from '@millrace/catalog/catalog'
import { createRememberedLookup } from '@millrace/catalog/remembered-lookup'
import { readRetentionClasses, type RetentionClass } from '@millrace/catalog/retention-classes'
import type { Clock } from '@millrace/runtime/clock'
import { compilePipelines, type CompiledPipeline } from './compile-pipelines.ts'
import { defaultPipelines } from './default-pipelines.ts'
import type { PipelineDocument } from './pipeline-document.ts'
import { readPipelines } from './pipeline-settings.ts'

/** What runs for a tenant: the defaults unless it wants none, then its own. @throws {BadPipelineError} */
export function effectivePipelines(document: PipelineDocument): readonly CompiledPipeline[] {
  return [...(document.defaults ? defaultPipelines() : []), ...compilePipelines(document)]
}

export interface TenantPipelines {
  readonly pipelines: readonly CompiledPipeline[]
  readonly classes: readonly RetentionClass[]
}

/**
 * Looks up tenants' pipelines. A change is used within {@link FRESH_MS}. While the catalog is down those that were known go on for an hour. After it, or where none
 * were known, the answer throws {@link CatalogUnavailableError}: events that a tenant may want redacted must not pass as they are, so they wait.
 */
export function createTenantPipelines(settings: Settings, clock: Clock): (tenantId: string) => Promise<TenantPipelines> {
  const compiled = new Map<string, { readonly version: number; readonly pipelines: readonly CompiledPipeline[] }>()
  return createRememberedLookup({
    clock, maxEntries: MAX_REMEMBERED, freshMs: () => FRESH_MS, mayServeStale: () => true,
    lookUp: async (tenantId) => {
      const { document, version } = await readPipelines(settings, tenantId)
      const classes = await readRetentionClasses(settings, tenantId)
      const known = compiled.get(tenantId)
      if (known?.version === version) return { pipelines: known.pipelines, classes }
      const pipelines = effectivePipelines(document)
      if (compiled.size >= MAX_REMEMBERED) compiled.clear()
      compiled.set(tenantId, { version, pipelines })
      return { pipelines, classes }
    },
  })
}

/** A person who changes a pipeline looks at its effect soon after. */
const FRESH_MS = 5_000
/** Tenants that one router meets within an hour. */
const MAX_REMEMBERED = 10_000
