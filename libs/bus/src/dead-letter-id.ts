/** Where a dead letter stands in the topic `dead-letters`. */
export interface DeadLetterId {
  readonly partition: number
  readonly offset: number
}

/** `3-120`: safe in URLs and in a shell, one text per id. */
export function deadLetterIdText({ partition, offset }: DeadLetterId): string {
  return `${partition}-${offset}`
}

/** Reads what {@link deadLetterIdText} wrote. Undefined for every other text. */
export function parseDeadLetterId(text: string): DeadLetterId | undefined {
  const [, partition, offset] = DEAD_LETTER_ID.exec(text) ?? []
  const id = { partition: Number(partition), offset: Number(offset) }
  return Number.isSafeInteger(id.partition) && Number.isSafeInteger(id.offset) ? id : undefined
}

/** Numbers without leading zeros, so that no id has two texts. */
const DEAD_LETTER_ID = /^(0|[1-9]\d{0,5})-(0|[1-9]\d{0,15})$/
