import type { Cache } from './cache.ts'
import type { ProcessCacheOptions } from './process-cache.ts'
import type { RedisCacheOptions } from './redis-cache.ts'

export type CacheConfig = ({ readonly kind: 'process' } & ProcessCacheOptions) | ({ readonly kind: 'redis' } & RedisCacheOptions)

/** Opens the cache that the configuration names; loads no other adapter. */
export async function openCache(config: CacheConfig): Promise<Cache> {
  if (config.kind === 'redis') {
    const { openRedisCache } = await import('./redis-cache.ts')
    return await openRedisCache(config)
  }
  const { createProcessCache } = await import('./process-cache.ts')
  return createProcessCache(config)
}
