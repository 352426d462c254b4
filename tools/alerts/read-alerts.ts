import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'

/** One alert of `charts/millrace/files/alerts.yaml`. */
export interface Alert {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly runbook_url: string }
}

export async function readAlerts(): Promise<readonly Alert[]> {
  const file = parse(await readFile(join(import.meta.dirname, '../../charts/millrace/files/alerts.yaml'), 'utf8')) as { readonly groups: readonly { readonly rules: readonly Alert[] }[] }
  return file.groups.flatMap(({ rules }) => rules)
}

/** The table of docs/operations.md. */
export function alertsTable(alerts: readonly Alert[]): string {
  const rows = alerts.map(({ alert, labels, annotations }) => `| [${alert}](${annotations.runbook_url.replace(/^docs\//, '')}) | ${labels.severity} | ${annotations.summary} |`)
  return ['| alert | severity | when |', '|---|---|---|', ...rows].join('\n')
}
