import type { TenantId } from '@millrace/event/event'

/** Token buckets per tenant. What may be forgotten: after a restart every bucket is full. */
export interface Limits extends AsyncDisposable {
  /**
   * Takes `amount` tokens of a bucket that holds `burst` and regains `perSecond`.
   * Takes nothing when there are fewer, and answers after how many ms there will be enough. An amount above `burst` is taken when the bucket is full, leaving a debt.
   */
  take(tenantId: TenantId, bucket: string, rate: Rate, amount: number): Promise<{ readonly isTaken: boolean; readonly retryAfterMs: number }>
  /** Takes `amount` whatever the bucket holds, leaving a debt where that is less: for what was known only after it was served. */
  debit(tenantId: TenantId, bucket: string, rate: Rate, amount: number): Promise<void>
}

export interface Rate {
  readonly perSecond: number
  readonly burst: number
}
