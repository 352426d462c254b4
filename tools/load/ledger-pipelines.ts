import { sampleShare } from '@millrace/pipeline/processors/keep'
import type { Tenant } from '../client/millrace-client.ts'
import type { GeneratedLog } from './generate-log.ts'
import type { SentEvent } from './ledger-event.ts'

const SAMPLE_RATE = 0.7

/** What every second tenant of a run has done to its events: each kind of processor that takes away or changes. What must remain is computed here, by other code. */
const LEDGER_PIPELINES = {
  defaults: true,
  pipelines: [
    { name: 'drop', filter: '@http.status_code:304', processors: [{ type: 'drop' }] },
    { name: 'route', filter: 'service:checkout', processors: [{ type: 'retention', days: 3 }] },
    { name: 'sample', filter: 'status:info', processors: [{ type: 'sample', rate: SAMPLE_RATE, by: '@user_id' }] },
    {
      name: 'change', processors: [
        { type: 'redact', secrets: ['ipv4'], patterns: [String.raw`\bu[0-9]{6}\b`], replacement: '<gone>' },
        { type: 'remap', from: ['@version'], to: '@app_version' },
        { type: 'lookup', from: '@env', to: '@tier', table: 'tiers', otherwise: 'low' },
        { type: 'set', to: '@pipeline', value: 'ledger' },
      ],
    },
  ],
  tables: { tiers: { prod: 'high' } },
}

/** Whether a tenant of a run has them. */
export function isProcessed({ arePipelinesOn = false }: { readonly arePipelinesOn?: boolean }, tenant: number): boolean {
  return arePipelinesOn && tenant % 2 === 1
}

/** Whether an event of such a tenant stays. */
export function isKept({ status, statusCode, userId }: Pick<GeneratedLog, 'status' | 'statusCode' | 'userId'>): boolean {
  return statusCode !== 304 && (status !== 'info' || sampleShare(userId) < SAMPLE_RATE)
}

/** An event of such a tenant as it must be found; undefined where it must be gone. */
export function storedForm(event: SentEvent): SentEvent | undefined {
  const { status, http, user_id: userId, version, env } = event as { readonly status: GeneratedLog['status']; readonly http: { readonly status_code: number }; readonly user_id: string; readonly version: string; readonly env: string }
  if (!isKept({ status, statusCode: http.status_code, userId })) return undefined
  const { version: _, ...rest } = redacted(event) as SentEvent
  return { ...rest, app_version: version, tier: env === 'prod' ? 'high' : 'low', pipeline: 'ledger' }
}

function redacted(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/\b(?:\d{1,3}\.){3}\d{1,3}\b/g, '<gone>').replace(/\bu\d{6}\b/g, '<gone>')
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, redacted(child)]))
}

/** Gives every second tenant the pipelines. @throws when one is refused. */
export async function putLedgerPipelines(url: string, adminKey: string, tenants: readonly Tenant[]): Promise<void> {
  for (const [index, { tenantId }] of tenants.entries()) {
    if (!isProcessed({ arePipelinesOn: true }, index)) continue
    const answer = await fetch(`${url}/v1/tenants/${tenantId}/pipelines`, { method: 'PUT', headers: { 'authorization': `Bearer ${adminKey}`, 'content-type': 'application/json', 'if-match': '"0"' }, body: JSON.stringify(LEDGER_PIPELINES) })
    if (answer.status !== 200) throw new Error(`the pipelines of ${tenantId} were answered ${answer.status}: ${await answer.text()}`)
  }
}
