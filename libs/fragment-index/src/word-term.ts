import type { EventKind, TenantId } from '@millrace/event/event'

/**
 * The term that stands for a word of a tenant and kind in the full-text table: letters and digits whatever the word is made of, and never met by
 * another tenant's question. 53 bits: two words with the same term only give a needless candidate.
 */
export function wordTerm(tenantId: TenantId, kind: EventKind, word: string): string {
  let low = 0x811c9dc5
  let high = 0x9e3779b9
  const text = `${tenantId}/${kind}/${word}`
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    low = Math.imul(low ^ unit, 0x01000193)
    high = Math.imul(high ^ unit ^ (low >>> 15), 0x85ebca6b)
  }
  high ^= high >>> 13
  return `w${((high >>> 11) * 2 ** 32 + (low >>> 0)).toString(36)}`
}
