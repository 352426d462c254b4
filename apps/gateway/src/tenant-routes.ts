import type { ServerResponse } from 'node:http'
import { createTenant, DEFAULT_RETENTION_DAYS, MAX_RETENTION_DAYS } from '@millrace/access/create-tenant'
import type { KeyMaker } from '@millrace/access/keys'
import { readJsonBody } from '@millrace/http/body'
import { refuse } from '@millrace/http/refuse'
import type { Route } from '@millrace/http/route'
import { sendJson } from '@millrace/http/send-json'

/**
 * `POST /v1/tenants` makes a tenant and answers its key, once; `GET /v1/tenants` lists them. `GET /v1/tenants/:tenantId` is one of them, `PATCH` changes its retention.
 * For admin keys only.
 */
export function tenantRoutes(maker: KeyMaker): readonly Route[] {
  const { tenants } = maker
  return [
    {
      method: 'POST', path: '/v1/tenants', scope: 'admin', dialect: 'millrace',
      handle: async ({ raw }, response) => {
        const { name, retentionDays = DEFAULT_RETENTION_DAYS } = readFields(await readJsonBody(raw))
        if (typeof name !== 'string' || name.trim() === '' || name.length > MAX_NAME_LENGTH) refuseBody(response, `name must be a text of 1 to ${MAX_NAME_LENGTH} characters`)
        else if (!isRetention(retentionDays)) refuseBody(response, RETENTION_RULE)
        else sendJson(response, 201, await createTenant(maker, { name: name.trim(), retentionDays }))
      },
    },
    {
      method: 'GET', path: '/v1/tenants', scope: 'admin', dialect: 'millrace',
      handle: async (_, response) => {
        sendJson(response, 200, { tenants: await tenants.listTenants() })
      },
    },
    {
      method: 'GET', path: '/v1/tenants/:tenantId', scope: 'admin', dialect: 'millrace',
      handle: async ({ params: { tenantId = '' } }, response) => {
        const tenant = await tenants.findTenant(tenantId)
        if (tenant === undefined) noSuchTenant(response)
        else sendJson(response, 200, tenant)
      },
    },
    {
      method: 'PATCH', path: '/v1/tenants/:tenantId', scope: 'admin', dialect: 'millrace',
      handle: async ({ raw, params: { tenantId = '' } }, response) => {
        const { retentionDays, ...others } = readFields(await readJsonBody(raw))
        if (!isRetention(retentionDays)) refuseBody(response, RETENTION_RULE)
        else if (Object.keys(others).length > 0) refuseBody(response, 'only retentionDays can be changed')
        else {
          const isChanged = await tenants.setRetention(tenantId, retentionDays)
          const tenant = isChanged ? await tenants.findTenant(tenantId) : undefined
          if (tenant === undefined) noSuchTenant(response)
          else sendJson(response, 200, tenant)
        }
      },
    },
  ]
}

/** It is shown to people. */
export const MAX_NAME_LENGTH = 100
const RETENTION_RULE = `retentionDays must be a whole number from 1 to ${MAX_RETENTION_DAYS}`

function isRetention(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_RETENTION_DAYS
}

/** Fields of a JSON object; none of anything else. */
export function readFields(body: unknown): Readonly<Record<string, unknown>> {
  return typeof body === 'object' && body !== null && !Array.isArray(body) ? (body as Readonly<Record<string, unknown>>) : {}
}

export function refuseBody(response: ServerResponse, detail: string): void {
  refuse('millrace', response, { status: 400, code: 'bad-request', detail })
}

export function noSuchTenant(response: ServerResponse): void {
  refuse('millrace', response, { status: 404, code: 'not-found', detail: 'no such tenant' })
}
