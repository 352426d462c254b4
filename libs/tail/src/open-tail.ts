import type { RedisTailOptions } from './redis-tail.ts'
import type { Tail } from './tail.ts'

export type TailConfig = { readonly kind: 'process' } | ({ readonly kind: 'redis' } & RedisTailOptions)

/** Opens the tail that the configuration names; loads no other adapter. */
export async function openTail(config: TailConfig): Promise<Tail> {
  if (config.kind === 'redis') {
    const { openRedisTail } = await import('./redis-tail.ts')
    return await openRedisTail(config)
  }
  const { createProcessTail } = await import('./process-tail.ts')
  return createProcessTail()
}
