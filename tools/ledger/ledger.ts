import { closeSync, fdatasyncSync, openSync, readFileSync, writeSync } from 'node:fs'

/**
 * What was sent and what the answer was, in a file of its own outside the system under test: one JSON line per request, written when its outcome is known.
 * The writer's process is never killed; the file is synced so that the ledger also survives the machine.
 */
export interface LedgerEntry {
  readonly tenantId: string
  /** The request's `Idempotency-Key`, or the first `_id` of a bulk request. */
  readonly key: string
  /** `ledger_id` of event i is `<tenantId>-<firstSequence + i>`. */
  readonly firstSequence: number
  /** contentCrc of each event. */
  readonly crcs: readonly number[]
  /** ACK: answered 2xx. UNKNOWN: no answer, or 429/5xx until the last attempt; it may or may not be stored. REJECT: refused for good. */
  readonly outcome: 'ACK' | 'UNKNOWN' | 'REJECT'
  /** When the outcome was known, ms since 1970. */
  readonly atMs: number
  readonly attempts: number
}

/** Name of the attribute that tells an event from all others. */
export const LEDGER_ID = 'ledger_id'

export class LedgerWriter implements Disposable {
  readonly #file: number

  constructor(path: string) {
    this.#file = openSync(path, 'a')
  }

  add(entry: LedgerEntry): void {
    writeSync(this.#file, `${JSON.stringify(entry)}\n`)
  }

  sync(): void {
    fdatasyncSync(this.#file)
  }

  [Symbol.dispose](): void {
    this.sync()
    closeSync(this.#file)
  }
}

export function readLedger(path: string): readonly LedgerEntry[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LedgerEntry)
}
