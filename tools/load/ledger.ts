import { readFileSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import type { Tenant } from '../client/millrace-client.ts'
import type { RequestKind } from './plan-requests.ts'
import type { RunIdentity } from './ledger-event.ts'

/** The run's own account of what it sent and what was acknowledged: a file outside of the system, appended only. */
export interface Ledger extends AsyncDisposable {
  readonly header: LedgerHeader
  /** Notes a request before its first byte is sent. */
  sent(request: LedgerRequest): void
  /** Notes how it ended. Resolves once the line is on disk: only then the acknowledgement counts. */
  settled(request: number, end: RequestEnd): Promise<void>
  /** Every request noted so far with its end, undefined while it has none. */
  readonly requests: ReadonlyMap<number, { readonly sent: LedgerRequest; end: RequestEnd | undefined }>
}

export interface LedgerHeader extends RunIdentity {
  readonly tenants: readonly Tenant[]
  readonly startedMs: number
  /** Whether every second tenant has pipelines that drop, sample, redact and change (ledger-pipelines.ts). */
  readonly arePipelinesOn?: boolean
}

/** Events `[first, first + count)` of one tenant in one body. */
export interface LedgerRequest {
  readonly request: number
  /** Index in the header's tenants. */
  readonly tenant: number
  readonly kind: RequestKind
  readonly first: number
  readonly count: number
  /** Time of its last event, ms since 1970; undefined when its events have no time. */
  readonly stampMs: number | undefined
  readonly sentMs: number
  readonly key: string | undefined
}

/**
 * `acked`: stored once, for certain. `unknown`: there once or not at all. `refused`: not there.
 * The time is when the tool had the reply, ms since 1970, which is after the system gave it.
 */
export interface RequestEnd {
  readonly state: 'acked' | 'unknown' | 'refused'
  readonly atMs: number
}

export async function openLedger(path: string, header: LedgerHeader): Promise<Ledger> {
  const file = await open(path, 'wx')
  const ledger = new FileLedger(file, header)
  await ledger.write(JSON.stringify(header))
  return ledger
}

/** A ledger that lives as long as the process: for simulations, where the process is not what fails. */
export function memoryLedger(header: LedgerHeader): Ledger {
  const requests = new Map<number, { readonly sent: LedgerRequest; end: RequestEnd | undefined }>()
  return {
    header, requests,
    sent: (sent) => void requests.set(sent.request, { sent, end: undefined }),
    settled(request, end) {
      const known = requests.get(request)
      if (known !== undefined) known.end = end
      return Promise.resolve()
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

/** Reads a ledger back. A request without an end counts as unknown. */
export function readLedger(path: string): Pick<Ledger, 'header' | 'requests'> {
  const [first = '', ...lines] = readFileSync(path, 'utf8').split('\n')
  const requests = new Map<number, { readonly sent: LedgerRequest; end: RequestEnd | undefined }>()
  for (const line of lines) {
    if (line === '') continue
    const record = JSON.parse(line) as { readonly sent?: LedgerRequest; readonly end?: RequestEnd & { readonly request: number } }
    if (record.sent !== undefined) requests.set(record.sent.request, { sent: record.sent, end: undefined })
    if (record.end !== undefined) {
      const known = requests.get(record.end.request)
      if (known === undefined) throw new Error(`${path} ends request ${record.end.request} before it was sent`)
      known.end = record.end
    }
  }
  return { header: JSON.parse(first) as LedgerHeader, requests }
}

class FileLedger implements Ledger {
  readonly header: LedgerHeader
  readonly requests = new Map<number, { readonly sent: LedgerRequest; end: RequestEnd | undefined }>()
  readonly #file: FileHandle
  #waiting: string[] = []
  #next: Promise<void> | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(file: FileHandle, header: LedgerHeader) {
    this.#file = file
    this.header = header
  }

  sent(request: LedgerRequest): void {
    this.requests.set(request.request, { sent: request, end: undefined })
    void this.write(JSON.stringify({ sent: request }))
  }

  async settled(request: number, end: RequestEnd): Promise<void> {
    const known = this.requests.get(request)
    if (known === undefined) throw new Error(`request ${request} was never noted`)
    await this.write(JSON.stringify({ end: { request, ...end } }))
    known.end = end
  }

  /** Lines that come while the disk is busy share the next write and sync, in their order. */
  write(line: string): Promise<void> {
    this.#waiting.push(line)
    this.#next ??= this.#writing.then(async () => {
      const text = this.#waiting.map((waiting) => `${waiting}\n`).join('')
      this.#waiting = []
      this.#next = undefined
      await (this.#writing = this.#writeSynced(text))
    })
    return this.#next
  }

  async #writeSynced(text: string): Promise<void> {
    await this.#file.write(text)
    await this.#file.datasync()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#next
    await this.#writing
    await this.#file.close()
  }
}
