import { createHmac, timingSafeEqual } from 'node:crypto'

/** Where the records of one client request stand in the topic `batches` of a generation. */
export interface Receipt {
  readonly generation: string
  readonly places: readonly { readonly partition: number; readonly offset: number }[]
}

/**
 * Writes a receipt as `<generation>.<partition>-<offset>_<partition>-<offset>….<mac>`, URL-safe. The code at its end binds it to the
 * tenant: another tenant cannot ask with it, and nobody can make one up.
 *
 * @param secret of the generation.
 */
export function receiptText(secret: string, tenantId: string, { generation, places }: Receipt): string {
  const body = `${generation}.${places.map(({ partition, offset }) => `${partition}-${offset}`).join('_')}`
  return `${body}.${macOf(secret, tenantId, body)}`
}

/** Undefined for a text that this tenant was never given. */
export function parseReceipt(secret: string, tenantId: string, text: string): Receipt | undefined {
  const [, body = '', generation = '', list = '', mac = ''] = /^(([a-z0-9]+)\.((?:\d+-\d+(?:_\d+-\d+)*)?))\.([A-Za-z0-9_-]+)$/.exec(text.slice(0, MAX_RECEIPT_LENGTH)) ?? []
  const expected = Buffer.from(macOf(secret, tenantId, body))
  const given = Buffer.from(mac)
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
  const places = list.split('_').filter((place) => place !== '').map((place) => {
    const [partition = '', offset = ''] = place.split('-')
    return { partition: Number(partition), offset: Number(offset) }
  })
  return { generation, places }
}

/** A body of the largest size has at most some hundred parts of about 12 characters each. */
export const MAX_RECEIPT_LENGTH = 6000

/** 96 bits of it: guessing needs as many requests to this server. */
function macOf(secret: string, tenantId: string, body: string): string {
  return createHmac('sha256', secret).update(`${tenantId}\n${body}`).digest('base64url').slice(0, 16)
}
