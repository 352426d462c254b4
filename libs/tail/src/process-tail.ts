import type { TenantId } from '@millrace/event/event'
import { TailBuffer } from './tail-buffer.ts'
import { MAX_TAIL_FRAGMENT_BYTES, TailUnavailableError, type Tail } from './tail.ts'

/** Hands on within this process. */
export function createProcessTail(): Tail {
  const listeners = new Map<TenantId, Set<TailBuffer>>()
  let isClosed = false
  return {
    hasSubscribers: (tenantId) => listeners.has(tenantId),
    publish(tenantId, fragment) {
      for (const buffer of listeners.get(tenantId) ?? []) {
        if (fragment.bytes.length > MAX_TAIL_FRAGMENT_BYTES) buffer.miss({ droppedBefore: 1 })
        else buffer.push(fragment)
      }
    },
    async subscribe(tenantId, signal) {
      if (isClosed) throw new TailUnavailableError('the tail is closed')
      const buffers = listeners.get(tenantId) ?? new Set()
      const buffer = new TailBuffer(() => {
        signal.removeEventListener('abort', end)
        buffers.delete(buffer)
        if (buffers.size === 0) listeners.delete(tenantId)
      })
      const end = (): void => { buffer.end() }
      listeners.set(tenantId, buffers.add(buffer))
      signal.addEventListener('abort', end)
      if (signal.aborted) end()
      return buffer
    },
    async [Symbol.asyncDispose]() {
      isClosed = true
      for (const buffers of listeners.values()) for (const buffer of buffers) buffer.end()
    },
  }
}
