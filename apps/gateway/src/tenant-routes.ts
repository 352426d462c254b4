import type { Tenants } from '@millrace/catalog/catalog'
import { readJsonBody } from '@millrace/http/body'
import { refuse } from '@millrace/http/refuse'
import type { Route } from '@millrace/http/route'
import { sendJson } from '@millrace/http/send-json'
import type { Random } from '@millrace/runtime/random'
import { createTenant, DEFAULT_RETENTION_DAYS, MAX_RETENTION_DAYS } from '@millrace/access/create-tenant'

/** `POST /v1/tenants` makes a tenant and answers its key, once; `GET /v1/tenants` lists them. For admin keys only. */
export function tenantRoutes(tenants: Tenants, random: Random): readonly Route[] {
  return [
    {
      method: 'POST', path: '/v1/tenants', scope: 'admin', dialect: 'millrace',
      handle: async ({ raw }, response) => {
        const body = await readJsonBody(raw)
        const { name, retentionDays = DEFAULT_RETENTION_DAYS } = typeof body === 'object' && body !== null ? (body as Readonly<Record<string, unknown>>) : {}
        if (typeof name !== 'string' || name.trim() === '' || name.length > MAX_NAME_LENGTH) {
          refuse('millrace', response, { status: 400, code: 'bad-request', detail: `name must be a text of 1 to ${MAX_NAME_LENGTH} characters` })
          return
        }
        if (typeof retentionDays !== 'number' || !Number.isInteger(retentionDays) || retentionDays < 1 || retentionDays > MAX_RETENTION_DAYS) {
          refuse('millrace', response, { status: 400, code: 'bad-request', detail: `retentionDays must be a whole number from 1 to ${MAX_RETENTION_DAYS}` })
          return
        }
        sendJson(response, 201, await createTenant(tenants, random, { name: name.trim(), retentionDays }))
      },
    },
    {
      method: 'GET', path: '/v1/tenants', scope: 'admin', dialect: 'millrace',
      handle: async (_, response) => {
        sendJson(response, 200, { tenants: await tenants.listTenants() })
      },
    },
  ]
}

/** It is shown to people. */
const MAX_NAME_LENGTH = 100
