/** A dashboard of Grafana as its JSON model has it (schema 39), as far as we use it. */
export interface Dashboard {
  readonly uid: string
  readonly title: string
  readonly panels: readonly Panel[]
}

export type Panel = Readonly<Record<string, unknown>> & { readonly title: string; readonly targets?: readonly Target[] }

export interface Target {
  readonly expr: string
  readonly legendFormat: string
}

/** What one panel shows. */
export interface PanelSpec {
  readonly title: string
  /** One sentence: what is good, or what it tells. */
  readonly about: string
  /** A unit of Grafana, such as `s`, `ops`, `bytes`. */
  readonly unit: string
  /** PromQL by legend; a legend may hold labels as `{{app}}`. */
  readonly lines: Readonly<Record<string, string>>
  /** Drawn as a line where an alert begins. */
  readonly limit?: number
}

export interface RowSpec {
  readonly title: string
  readonly panels: readonly PanelSpec[]
}

/** Of Grafana's grid. */
const WIDTH = 24
const HEIGHT = 8
const PER_ROW = 3

/** Lays rows of panels out, three beside each other. */
export function dashboardOf({ uid, title, description, rows }: { readonly uid: string; readonly title: string; readonly description: string; readonly rows: readonly RowSpec[] }): Dashboard & Readonly<Record<string, unknown>> {
  const panels: Panel[] = []
  let y = 0
  for (const row of rows) {
    panels.push({ id: panels.length + 1, type: 'row', title: row.title, collapsed: false, gridPos: { x: 0, y, w: WIDTH, h: 1 } })
    y += 1
    row.panels.forEach((panel, i) => {
      const w = WIDTH / PER_ROW
      panels.push({ id: panels.length + 1, ...panelOf(panel), gridPos: { x: (i % PER_ROW) * w, y: y + Math.floor(i / PER_ROW) * HEIGHT, w, h: HEIGHT } })
    })
    y += Math.ceil(row.panels.length / PER_ROW) * HEIGHT
  }
  return {
    uid, title, description, tags: ['millrace'], schemaVersion: 39, editable: true, graphTooltip: 1, refresh: '30s', timezone: 'browser', time: { from: 'now-3h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus', current: {}, hide: 0 },
        // Prometheus adds it to what it finds in Kubernetes; elsewhere it is not there, and all is shown.
        { name: 'namespace', label: 'Namespace', type: 'query', datasource: DATASOURCE, query: 'label_values(millrace_process_start_time_seconds, namespace)', refresh: 2, includeAll: true, allValue: '.*', multi: true, current: { text: 'All', value: '$__all' }, hide: 0 },
      ],
    },
    panels,
  }
}

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' }

function panelOf({ title, about, unit, lines, limit }: PanelSpec): Panel {
  return {
    type: 'timeseries', title, description: about, datasource: DATASOURCE,
    fieldConfig: {
      defaults: {
        unit, min: 0,
        custom: { lineWidth: 1, fillOpacity: 10, showPoints: 'never', ...(limit === undefined ? {} : { thresholdsStyle: { mode: 'line' } }) },
        ...(limit === undefined ? {} : { thresholds: { mode: 'absolute', steps: [{ color: 'green', value: null }, { color: 'red', value: limit }] } }),
      },
      overrides: [],
    },
    options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
    targets: Object.entries(lines).map(([legendFormat, expr], i) => ({ refId: String.fromCharCode(0x41 + i), datasource: DATASOURCE, expr, legendFormat })),
  }
}
