/** Every 2xx answer of intake carries it; `GET /v1/receipts/{it}` tells how far the events are. */
export const RECEIPT_HEADER = 'Millrace-Receipt'
/** A client's own name for a request: the same key within 24 hours is the same request. */
export const REQUEST_KEY_HEADER = 'Idempotency-Key'
