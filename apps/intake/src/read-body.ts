import type { IncomingMessage } from 'node:http'
import { BusFullError } from '@millrace/bus/bus'
import { BodyRefusedError } from './body-refused.ts'
import { decompress } from './decompress.ts'

/** Reads request bodies against one budget for the whole process. */
export interface BodyReader {
  /**
   * Reads and decompresses a body, gives it to `work`, and counts it against the budget until that settles.
   *
   * @throws {BodyRefusedError} @throws {BusFullError} too many bodies are held already.
   * @throws {RequestCutError} the client went away.
   */
  read<T>(request: IncomingMessage, maxBytes: number, work: (body: Uint8Array) => Promise<T>): Promise<T>
}

/** The client closed the connection before its body was complete: nobody is left to answer. */
export class RequestCutError extends Error {
  override readonly name = 'RequestCutError'
  readonly code = 'REQUEST_CUT'
  readonly retryable = false
}

/** Bytes of bodies held at any time, compressed and decompressed: bounds the heap however many clients send at once. */
export const MAX_HELD_BODY_BYTES = 256 * 1024 * 1024
/** Body of one request to `/v1/events`, compressed and decompressed. Shippers send at most about 10 MB. */
export const MAX_EVENTS_BODY_BYTES = 16 * 1024 * 1024
/** Body of one bulk request. Elasticsearch takes 100 MB; its clients send at most about 50. */
export const MAX_BULK_BODY_BYTES = 64 * 1024 * 1024

export function createBodyReader(maxHeldBytes: number = MAX_HELD_BODY_BYTES): BodyReader {
  let held = 0
  const reserve = (bytes: number): void => {
    if (held + bytes > maxHeldBytes) throw new BusFullError('too many request bodies are held')
    held += bytes
  }
  return {
    async read(request, maxBytes, work) {
      if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes)
      let reserved = 0
      const hold = (bytes: number): void => {
        reserve(bytes)
        reserved += bytes
      }
      try {
        const compressed = await readAll(request, maxBytes, hold)
        const body = await decompress(compressed, request.headers['content-encoding'] ?? '', maxBytes)
        if (body !== compressed) hold(body.length)
        return await work(body)
      } finally {
        held -= reserved
      }
    },
  }
}

function readAll(request: IncomingMessage, maxBytes: number, hold: (bytes: number) => void): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let total = 0
    const refuse = (error: unknown): void => {
      request.off('data', onData)
      request.resume() // the rest is read and forgotten, so that the client sees the answer
      reject(error)
    }
    const onData = (chunk: Buffer): void => {
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
  })
}

function tooLarge(maxBytes: number): BodyRefusedError {
  return new BodyRefusedError(413, 'body-too-large', `the body is larger than ${maxBytes} bytes`)
}
