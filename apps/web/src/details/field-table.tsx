import { useState, type ReactElement } from 'react'
import { Icon } from '../frame/icon.tsx'
import type { EventField } from '../state/event-fields.ts'
import { termOf } from '../state/query-terms.ts'
import { CopyButton } from './copy-button.tsx'

interface FieldTableProps {
  readonly fields: readonly EventField[]
  readonly columns: readonly string[]
  readonly onAdd: (term: string) => void
  readonly onColumn: (facet: string) => void
}

/** Names and values, each a way to search on. */
export function FieldTable({ fields, columns, onAdd, onColumn }: FieldTableProps): ReactElement {
  const [filter, setFilter] = useState('')
  const wanted = filter.trim().toLowerCase()
  const shown = fields.filter(({ facet, value }) => facet.toLowerCase().includes(wanted) || String(value).toLowerCase().includes(wanted))
  return (
    <>
      {fields.length > MANY ? <input className="facet-filter" type="search" aria-label="Find an attribute" placeholder="Find an attribute" value={filter} onChange={(event) => { setFilter(event.target.value) }} /> : null}
      <table className="field-table">
        <colgroup><col className="field-name" /><col /><col className="field-buttons" /></colgroup>
        <thead className="unseen"><tr><th scope="col">Name</th><th scope="col">Value</th><th scope="col">Actions</th></tr></thead>
        <tbody>
          {shown.map(({ facet, value }, index) => {
            const term = termOf(facet, value)
            return (
              <tr key={index}>
                <th scope="row">{facet}</th>
                <td className={typeof value === 'string' ? '' : 'literal'}>{String(value)}</td>
                <td className="field-actions">
                  <button type="button" className="icon" aria-label={`Only ${term}`} title="Add to the query" onClick={() => { onAdd(term) }}><Icon name="add" /></button>
                  <button type="button" className="icon" aria-label={`Exclude ${term}`} title="Exclude" onClick={() => { onAdd(`-${term}`) }}><Icon name="exclude" /></button>
                  <button type="button" className="icon" aria-label={`Show ${facet} as a column`} aria-pressed={columns.includes(facet)} title="Show as a column" onClick={() => { onColumn(facet) }}><Icon name="column" /></button>
                  <CopyButton text={String(value)} what={facet} />
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </>
  )
}

/** As many are overlooked at once. */
const MANY = 15
