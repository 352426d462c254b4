import type { IncomingMessage } from 'node:http'
import { BusFullError } from '@millrace/bus/bus'
import type { TenantId } from '@millrace/event/event'
import type { Clock } from '@millrace/runtime/clock'
import { BodyRefusedError } from './body-refused.ts'
import { decompress } from './decompress.ts'

/** Reads request bodies against one budget for the whole process, of which one tenant gets a part. */
export interface BodyReader {
  /**
   * Reads and decompresses a body, gives it to `work`, and counts it against the budgets until that settles.
   *
   * @throws {BodyRefusedError} also when nothing of it arrives for {@link BODY_IDLE_MS}.
   * @throws {BusFullError} too many bodies are held already.
   * @throws {RequestCutError} the client went away.
   */
  read<T>(tenantId: TenantId, request: IncomingMessage, maxBytes: number, work: (body: Uint8Array) => Promise<T>): Promise<T>
}

/** The client closed the connection before its body was complete: nobody is left to answer. */
export class RequestCutError extends Error {
  override readonly name = 'RequestCutError'
  readonly code = 'REQUEST_CUT'
  readonly retryable = false
}

/** Bytes of bodies held at any time, compressed and decompressed: bounds the heap however many clients send at once. */
export const MAX_HELD_BODY_BYTES = 256 * 1024 * 1024
/** One tenant's part of them: room for its largest body packed and unpacked, and left for others whatever it sends or stalls. */
const TENANT_SHARE = 0.5
/** Body of one request to `/v1/events`, compressed and decompressed. Shippers send at most about 10 MB. */
export const MAX_EVENTS_BODY_BYTES = 16 * 1024 * 1024
/** Body of one bulk request. Elasticsearch takes 100 MB; its clients send at most about 50. */
export const MAX_BULK_BODY_BYTES = 64 * 1024 * 1024
/** Body of one OTLP request, what its specification proposes. */
export const MAX_OTLP_BODY_BYTES = 64 * 1024 * 1024
/** A sender that is silent for so long in the middle of a body is gone, or holds memory on purpose. */
export const BODY_IDLE_MS = 15_000

export function createBodyReader(clock: Clock, maxHeldBytes: number = MAX_HELD_BODY_BYTES): BodyReader {
  let held = 0
  const heldBy = new Map<TenantId, number>()
  const add = (tenantId: TenantId, bytes: number): void => {
    held += bytes
    const own = (heldBy.get(tenantId) ?? 0) + bytes
    if (own === 0) heldBy.delete(tenantId)
    else heldBy.set(tenantId, own)
  }
  return {
    async read(tenantId, request, maxBytes, work) {
      if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes)
      let reserved = 0
      const hold = (bytes: number): void => {
        if (held + bytes > maxHeldBytes || (heldBy.get(tenantId) ?? 0) + bytes > maxHeldBytes * TENANT_SHARE) throw new BusFullError('too many request bodies are held')
        add(tenantId, bytes)
        reserved += bytes
      }
      try {
        const compressed = await readAll(request, clock, maxBytes, hold)
        return await work(await decompress(compressed, request.headers['content-encoding'] ?? '', maxBytes, hold))
      } finally {
        add(tenantId, -reserved)
      }
    },
  }
}

async function readAll(request: IncomingMessage, clock: Clock, maxBytes: number, hold: (bytes: number) => void): Promise<Uint8Array> {
  const ended = new AbortController()
  let arrivedMs = clock.monotonicMs()
  try {
    return await new Promise((resolve, reject) => {
      const chunks: Buffer[] = []
      let total = 0
      const refuse = (error: unknown): void => {
        request.off('data', onData)
        request.resume() // the rest is read and forgotten, so that the client sees the answer
        reject(error)
      }
      const onData = (chunk: Buffer): void => {
        arrivedMs = clock.monotonicMs()
        total += chunk.length
        if (total > maxBytes) {
          refuse(tooLarge(maxBytes))
          return
        }
        try {
          hold(chunk.length)
        } catch (error) {
          refuse(error)
          return
        }
        chunks.push(chunk)
      }
      request.on('data', onData)
      request.on('end', () => {
        resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks))
      })
      request.on('error', (cause) => {
        reject(new RequestCutError('the client cut its request off', { cause }))
      })
      request.on('close', () => {
        if (!request.complete) reject(new RequestCutError('the client cut its request off'))
      })
      void whenIdle(clock, () => arrivedMs, ended.signal).then((isIdle) => {
        if (isIdle) refuse(new BodyRefusedError(408, 'slow-body', `nothing of the body arrived for ${BODY_IDLE_MS / 1000} seconds`))
      })
    })
  } finally {
    ended.abort()
  }
}

/** True once nothing has arrived for {@link BODY_IDLE_MS}; false when `signal` aborts before. */
async function whenIdle(clock: Clock, arrivedMs: () => number, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    const leftMs = arrivedMs() + BODY_IDLE_MS - clock.monotonicMs()
    if (leftMs <= 0) return true
    await clock.sleep(leftMs, signal)
  }
  return false
}

function tooLarge(maxBytes: number): BodyRefusedError {
  return new BodyRefusedError(413, 'body-too-large', `the body is larger than ${maxBytes} bytes`)
}
