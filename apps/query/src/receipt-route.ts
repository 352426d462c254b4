import { parseReceipt } from '@millrace/bus/receipt'
import type { Catalog } from '@millrace/catalog/catalog'
import { refuse } from '@millrace/http/refuse'
import type { Route } from '@millrace/http/route'
import { sendJson } from '@millrace/http/send-json'
import type { QueryContext } from './query-context.ts'

/** `GET /v1/receipts/{id}`: how far the events of one request are. `searchable` counts once the writer has committed past all of them. */
export function receiptRoute({ catalog, topics, receiptSecret }: QueryContext): Route {
  return {
    method: 'GET', path: '/v1/receipts/:receipt', scope: 'query', dialect: 'millrace',
    handle: async ({ tenantId, params }, response) => {
      const receipt = parseReceipt(receiptSecret, tenantId, params['receipt'] ?? '')
      if (receipt === undefined || receipt.generation !== topics.generation) {
        refuse('millrace', response, { status: 404, code: 'not-found', detail: 'no such receipt' })
        return
      }
      const states = await Promise.all(
        receipt.places.map(async ({ partition, offset }) => {
          const stream = `${receipt.generation}/${partition}`
          const { nextSourceOffset } = await catalog.readPosition(stream)
          const state = nextSourceOffset <= offset ? 'accepted' : (await sealedEnd(catalog, stream)) <= offset ? 'searchable' : 'sealed'
          return { partition, offset, state }
        }),
      )
      const worst = ORDER.find((state) => states.some((place) => place.state === state)) ?? 'sealed'
      sendJson(response, 200, { state: worst, records: states })
    },
  }
}

/** From the least to the most; a request is as far as its last record. */
const ORDER = ['accepted', 'searchable', 'sealed'] as const

/** The last sealed entry is never trimmed, so that its end tells what is sealed. */
async function sealedEnd(catalog: Catalog, stream: string): Promise<number> {
  const { throughCommit } = await catalog.readSealPosition(stream)
  const [entry] = throughCommit === 0 ? [] : await catalog.readEntries(stream, throughCommit - 1, 1)
  return entry?.nextSourceOffset ?? 0
}
