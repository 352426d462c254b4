import type { ServerResponse } from 'node:http'
import { createKey, keyIdOf, type KeyMaker } from '@millrace/access/keys'
import type { KeyEntry, Scope } from '@millrace/catalog/catalog'
import type { TenantId } from '@millrace/event/event'
import { readJsonBody } from '@millrace/http/body'
import { refuse } from '@millrace/http/refuse'
import type { Route, RouteRequest } from '@millrace/http/route'
import { sendJson } from '@millrace/http/send-json'
import { MAX_NAME_LENGTH, noSuchTenant, readFields, refuseBody } from './tenant-routes.ts'

/**
 * Keys of a tenant at `/v1/tenants/:tenantId/keys`, and admin keys at `/v1/admin-keys`: `GET` lists them without their texts, `POST` makes one and answers its text, once,
 * `DELETE …/:keyId` revokes one. For admin keys only. A revoked key opens nothing within the authenticator's memory (10 s), nor does a session that it opened.
 */
export function keyRoutes(maker: KeyMaker): readonly Route[] {
  return [
    ...routesAt(maker, '/v1/tenants/:tenantId/keys', async ({ params: { tenantId = '' } }) => ((await maker.tenants.findTenant(tenantId)) === undefined ? 'none' : { tenantId, mayHave: ['ingest', 'query'] })),
    ...routesAt(maker, '/v1/admin-keys', () => Promise.resolve({ tenantId: undefined, mayHave: ['admin'] })),
  ]
}

/** Whose keys a request is about. */
interface Owner {
  readonly tenantId: TenantId | undefined
  /** Scopes that its keys may have, and have unless they are told fewer. */
  readonly mayHave: readonly Scope[]
}

function routesAt(maker: KeyMaker, path: string, ownerOf: (request: RouteRequest) => Promise<Owner | 'none'>): readonly Route[] {
  const { tenants } = maker
  const forOwner = (work: (owner: Owner, request: RouteRequest, response: ServerResponse) => Promise<void>): Route['handle'] => async (request, response) => {
    const owner = await ownerOf(request)
    response.setHeader('Cache-Control', 'no-store')
    if (owner === 'none') noSuchTenant(response)
    else await work(owner, request, response)
  }
  return [
    {
      method: 'GET', path, scope: 'admin', dialect: 'millrace',
      handle: forOwner(async ({ tenantId }, _, response) => {
        const keys = await tenants.listKeys(tenantId)
        sendJson(response, 200, { keys: keys.toSorted((a, b) => (a.createdMs ?? 0) - (b.createdMs ?? 0) || a.hash.localeCompare(b.hash)).map(entryJson) })
      }),
    },
    {
      method: 'POST', path, scope: 'admin', dialect: 'millrace',
      handle: forOwner(async ({ tenantId, mayHave }, { raw }, response) => {
        const { name = '', scopes = mayHave } = readFields(await readJsonBody(raw))
        if (typeof name !== 'string' || name.length > MAX_NAME_LENGTH) {
          refuseBody(response, `name must be a text of at most ${MAX_NAME_LENGTH} characters`)
          return
        }
        if (!Array.isArray(scopes) || scopes.length === 0 || !scopes.every((scope) => mayHave.includes(scope as Scope))) {
          refuseBody(response, `scopes must be a list of ${mayHave.join(' and ')}`)
          return
        }
        if ((await tenants.listKeys(tenantId)).length >= MAX_KEYS) {
          refuse('millrace', response, { status: 409, code: 'too-many-keys', detail: `there are ${MAX_KEYS} keys already; revoke those that nobody uses` })
          return
        }
        const { text, entry } = await createKey(maker, { tenantId, scopes: mayHave.filter((scope) => scopes.includes(scope)), name: name.trim() })
        sendJson(response, 201, { ...entryJson(entry), key: text })
      }),
    },
    {
      method: 'DELETE', path: `${path}/:keyId`, scope: 'admin', dialect: 'millrace',
      handle: forOwner(async ({ tenantId }, { params, keyHash }, response) => {
        const key = (await tenants.listKeys(tenantId)).find((each) => keyIdOf(each) === params['keyId'])
        if (key === undefined) refuse('millrace', response, { status: 404, code: 'not-found', detail: 'no such key: it was never made, or it was revoked' })
        // Whoever holds no other key would lock the door behind itself.
        else if (key.hash === keyHash) refuse('millrace', response, { status: 409, code: 'own-key', detail: 'a key does not revoke itself; ask with another admin key' })
        else {
          await tenants.removeKey(key.hash)
          response.writeHead(204).end()
        }
      }),
    },
  ]
}

/** Of one tenant: one for each kind of sender and reader, and some that are being replaced. More is a script that went wrong. Several at once may pass it by a few. */
const MAX_KEYS = 1_000

function entryJson(key: KeyEntry): object {
  return { id: keyIdOf(key), name: key.name ?? '', scopes: key.scopes, ...(key.createdMs === undefined ? {} : { created: new Date(key.createdMs).toISOString() }) }
}
