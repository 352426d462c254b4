import type { Limits } from './limits.ts'
import type { ProcessLimitsOptions } from './process-limits.ts'

export type LimitsConfig = { readonly kind: 'process' } & ProcessLimitsOptions

/** Opens the limits that the configuration names; loads no other adapter. */
export async function openLimits(config: LimitsConfig): Promise<Limits> {
  const { createProcessLimits } = await import('./process-limits.ts')
  return createProcessLimits(config)
}
