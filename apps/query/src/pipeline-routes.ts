import type { ServerResponse } from 'node:http'
import { SettingConflictError, type Tenant } from '@millrace/catalog/catalog'
import { readJsonBody } from '@millrace/http/body'
import { refuse } from '@millrace/http/refuse'
import type { Route, RouteRequest } from '@millrace/http/route'
import { sendJson } from '@millrace/http/send-json'
import { BadPipelineError, parsePipelineDocument } from '@millrace/pipeline/pipeline-document'
import { readPipelines, readPipelinesVersion, writePipelines, type StoredPipelines } from '@millrace/pipeline/pipeline-settings'
import { DEFAULT_PIPELINES } from '@millrace/pipeline/default-pipelines'
import { dryRun } from './pipeline-dry-run.ts'
import { readIfMatch } from './if-match.ts'
import type { QueryContext } from './query-context.ts'

/**
 * `/v1/tenants/:tenantId/pipelines`: what is done to a tenant's events before they are stored. For admin keys only: whoever may change it can have events dropped, and
 * secrets kept, that the tenant's own keys only send and read.
 */
export function pipelineRoutes(context: QueryContext): readonly Route[] {
  const { catalog, clock } = context
  const route = (method: Route['method'], path: string, handle: (request: RouteRequest, tenant: Tenant, response: ServerResponse) => Promise<void>): Route => ({
    method, path: `/v1/tenants/:tenantId/pipelines${path}`, scope: 'admin', dialect: 'millrace',
    handle: async (request, response) => {
      const tenant = await catalog.findTenant(request.params['tenantId'] ?? '')
      if (tenant === undefined) {
        refuse('millrace', response, { status: 404, code: 'not-found', detail: 'no such tenant' })
        return
      }
      try {
        await handle(request, tenant, response)
      } catch (error) {
        if (error instanceof BadPipelineError) refuse('millrace', response, { status: 400, code: 'bad-pipeline', detail: error.message })
        else if (error instanceof SettingConflictError) refuse('millrace', response, { status: 412, code: 'stale-version', detail: 'the pipelines were changed meanwhile; read them again' })
        else throw error
      }
    },
  })
  return [
    route('GET', '', async (_, { tenantId }, response) => {
      sendPipelines(response, await readPipelines(catalog, tenantId))
    }),
    route('PUT', '', async ({ raw }, { tenantId, retentionDays }, response) => {
      const expectedVersion = readIfMatch(raw.headers['if-match'], response, '; "0" for the first')
      if (expectedVersion === undefined) return
      const document = parsePipelineDocument(await readJsonBody(raw))
      sendPipelines(response, await writePipelines(catalog, tenantId, { document, expectedVersion, nowMs: clock.nowMs(), retentionDays }))
    }),
    route('GET', '/defaults', async (_, _tenant, response) => {
      await Promise.resolve(sendJson(response, 200, DEFAULT_PIPELINES))
    }),
    route('GET', '/versions/:version', async ({ params }, { tenantId }, response) => {
      const stored = await readPipelinesVersion(catalog, tenantId, Number(params['version']))
      if (stored === undefined) refuse('millrace', response, { status: 404, code: 'not-found', detail: 'no such version, or one that is no longer kept' })
      else sendPipelines(response, stored)
    }),
    route('POST', '/dry-run', async (request, { tenantId }, response) => {
      sendJson(response, 200, await dryRun(context, tenantId, await readJsonBody(request.raw), request.signal))
    }),
  ]
}

function sendPipelines(response: ServerResponse, { document, version, changedAt }: StoredPipelines): void {
  response.setHeader('ETag', `"${version}"`)
  sendJson(response, 200, { version, ...(changedAt === undefined ? {} : { changed_at: changedAt }), ...document })
}
