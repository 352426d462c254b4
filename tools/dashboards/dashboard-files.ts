import { join } from 'node:path'
import { overview } from './overview.ts'
import type { Dashboard } from './panel.ts'

export interface DashboardFile {
  readonly path: string
  readonly dashboard: Dashboard
  readonly text: string
}

/** Every dashboard and where it is kept. A test holds the files against what is made here. */
export function dashboardFiles(): readonly DashboardFile[] {
  const folder = join(import.meta.dirname, '../../charts/millrace/files/dashboards')
  return [{ path: join(folder, 'overview.json'), dashboard: overview, text: `${JSON.stringify(overview, undefined, 2)}\n` }]
}
