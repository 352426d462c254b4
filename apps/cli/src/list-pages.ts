import type { GatewayClient } from './gateway-client.ts'
import { readDeadLetterList, type DeadLetterAnswer } from './dead-letter-answer.ts'

export interface ListQuestion {
  readonly order: 'newest' | 'oldest'
  readonly partition: number | undefined
  readonly cursor: string | undefined
  /** Letters at most, over all pages. */
  readonly limit: number
}

/** Dead letters over as many pages as are needed, and where the next would begin. @throws {CommandError} */
export async function listPages(client: GatewayClient, { order, partition, cursor, limit }: ListQuestion): Promise<{ readonly deadLetters: readonly DeadLetterAnswer[]; readonly next: string | undefined }> {
  const found: DeadLetterAnswer[] = []
  let after = cursor
  do {
    const parameters = new URLSearchParams({ order, limit: String(Math.min(MAX_PAGE_LETTERS, limit - found.length)) })
    if (partition !== undefined) parameters.set('partition', String(partition))
    if (after !== undefined) parameters.set('cursor', after)
    const page = readDeadLetterList(await client.ask('GET', `/v1/dead-letters?${parameters.toString()}`))
    found.push(...page.deadLetters)
    after = page.next
  } while (after !== undefined && found.length < limit)
  return { deadLetters: found, next: after }
}

/** The API answers no more at once. */
export const MAX_PAGE_LETTERS = 100
