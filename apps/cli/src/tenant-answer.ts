import type { GatewayClient } from './gateway-client.ts'
import { notUnderstood, readObject, readObjects, readText } from './read-answer.ts'

/** What the API says of a tenant. */
export interface TenantAnswer {
  readonly tenantId: string
  readonly name: string
  readonly retentionDays: number
}

/** @throws {CommandError} the answer is of another form. */
export function readTenant(answer: unknown): TenantAnswer {
  const { retentionDays } = readObject(answer)
  if (typeof retentionDays !== 'number') throw notUnderstood()
  return { tenantId: readText(answer, 'tenantId'), name: readText(answer, 'name'), retentionDays }
}

/** All tenants by their ids. @throws {CommandError} */
export async function fetchTenants(client: GatewayClient): Promise<readonly TenantAnswer[]> {
  return readObjects(await client.ask('GET', '/v1/tenants'), 'tenants').map(readTenant).sort((a, b) => (a.tenantId < b.tenantId ? -1 : 1))
}

/** Below the address. */
export function tenantPath(tenantId: string): string {
  return `/v1/tenants/${encodeURIComponent(tenantId)}`
}
