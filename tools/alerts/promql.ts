import { parser } from '@prometheus-io/lezer-promql'

/** What a query of PromQL reads. */
export interface ReadMetrics {
  readonly metrics: readonly { readonly name: string; readonly labels: readonly string[] }[]
  /** Of `by` and `without`. */
  readonly groupings: readonly string[]
}

/** By Prometheus' own grammar. @throws when it is no PromQL. */
export function readPromql(expr: string): ReadMetrics {
  const metrics: { readonly name: string; readonly labels: string[] }[] = []
  const groupings: string[] = []
  let isGrouping = false
  parser.parse(expr).iterate({
    enter({ name, from, to, type }) {
      if (type.isError) throw new Error(`no PromQL at ${from}: ${expr}`)
      const text = expr.slice(from, to)
      if (name === 'Identifier') metrics.push({ name: text, labels: [] })
      if (name === 'GroupingLabels') isGrouping = true
      if (name !== 'LabelName') return
      if (isGrouping) groupings.push(text)
      else metrics.at(-1)?.labels.push(text)
    },
    leave({ name }) {
      if (name === 'GroupingLabels') isGrouping = false
    },
  })
  return { metrics, groupings }
}
