import type { Limits } from './limits.ts'
import type { ProcessLimitsOptions } from './process-limits.ts'
import type { RedisLimitsOptions } from './redis-limits.ts'

export type LimitsConfig = ({ readonly kind: 'process' } & ProcessLimitsOptions) | ({ readonly kind: 'redis' } & RedisLimitsOptions)

/** Opens the limits that the configuration names; loads no other adapter. */
export async function openLimits(config: LimitsConfig): Promise<Limits> {
  if (config.kind === 'redis') {
    const { openRedisLimits } = await import('./redis-limits.ts')
    return await openRedisLimits(config)
  }
  const { createProcessLimits } = await import('./process-limits.ts')
  return createProcessLimits(config)
}
