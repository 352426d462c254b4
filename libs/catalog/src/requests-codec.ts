import assert from 'node:assert/strict'
import type { CommittedRequest } from './catalog.ts'

/**
 * Some request units, little-endian:
 *
 * ```
 * tenants u16 | per tenant: length u8 | tenant
 * requests u32 | per request: tenant u16 | part u32 | expiresMs f64 | id, 16 bytes
 * ```
 */
export function encodeRequests(requests: readonly CommittedRequest[]): Uint8Array {
  const tenants = new Map<string, number>()
  for (const { tenantId } of requests) if (!tenants.has(tenantId)) tenants.set(tenantId, tenants.size)
  assert(tenants.size <= 0xffff, 'one page of request ids has at most 65,535 tenants')
  const tenantBytes = [...tenants.keys()].reduce((sum, tenant) => sum + 1 + tenant.length, 0)
  const bytes = Buffer.alloc(2 + tenantBytes + 4 + requests.length * REQUEST_BYTES)
  let at = bytes.writeUInt16LE(tenants.size, 0)
  for (const tenant of tenants.keys()) {
    at = bytes.writeUInt8(tenant.length, at)
    at += bytes.write(tenant, at, 'latin1')
  }
  at = bytes.writeUInt32LE(requests.length, at)
  for (const { tenantId, id, part, expiresMs } of requests) {
    assert(REQUEST_ID.test(id), 'a request id is 32 hex digits')
    at = bytes.writeUInt16LE(tenants.get(tenantId) ?? 0, at)
    at = bytes.writeUInt32LE(part, at)
    at = bytes.writeDoubleLE(expiresMs, at)
    at += bytes.write(id, at, 'hex')
  }
  return bytes
}

export function decodeRequests(bytes: Buffer): readonly CommittedRequest[] {
  let at = 2
  const tenants = Array.from({ length: bytes.readUInt16LE(0) }, () => {
    const start = at + 1
    at = start + bytes.readUInt8(at)
    return bytes.toString('latin1', start, at)
  })
  const count = bytes.readUInt32LE(at)
  return Array.from({ length: count }, (_, index) => {
    const position = at + 4 + index * REQUEST_BYTES
    const tenantId = tenants[bytes.readUInt16LE(position)]
    assert(tenantId !== undefined, 'a request names a tenant of its page')
    return { tenantId, part: bytes.readUInt32LE(position + 2), expiresMs: bytes.readDoubleLE(position + 6), id: bytes.toString('hex', position + 14, position + REQUEST_BYTES) }
  })
}

/** Puts together what expires at about the same time, so that a page goes as a whole soon after its first id expired. */
export function pagesByExpiry(requests: readonly CommittedRequest[]): readonly (readonly CommittedRequest[])[] {
  const pages = new Map<number, CommittedRequest[]>()
  for (const request of requests) {
    const minute = Math.floor(request.expiresMs / PAGE_SPAN_MS)
    const page = pages.get(minute)
    if (page === undefined) pages.set(minute, [request])
    else page.push(request)
  }
  return [...pages.values()]
}

/** Ids may stay this much longer than they must; shorter pages would be more rows. */
const PAGE_SPAN_MS = 120_000
const REQUEST_BYTES = 30
const REQUEST_ID = /^[0-9a-f]{32}$/
