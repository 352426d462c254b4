import type { ReactElement } from 'react'
import type { Completeness as Facts } from '../api/types.ts'
import { localText } from '../state/time-range.ts'

interface CompletenessProps {
  /** Of every answer that is shown; undefined ones are not there yet. */
  readonly answers: readonly (Facts | undefined)[]
}

/** Whether what is shown is all there is: said plainly, with what is missing. */
export function Completeness({ answers }: CompletenessProps): ReactElement | null {
  const known = answers.filter((answer) => answer !== undefined)
  if (known.length === 0) return null
  const isComplete = known.every(({ complete }) => complete)
  const warnings = [...new Map(known.flatMap(({ warnings = [] }) => warnings).map((warning) => [`${warning.code} ${warning.detail}`, warning])).values()]
  const until = known.flatMap(({ complete_until: time }) => (time === undefined ? [] : [time])).sort()[0]
  const sentence = until === undefined ? '' : ` until ${localText(Date.parse(until)).slice(11)}`
  if (isComplete) return <span className="completeness" title="Every event acknowledged before this time is included">complete{sentence}</span>
  return (
    <span className="completeness incomplete" role="status">
      <strong>incomplete</strong>: {warnings.length === 0 ? 'some events may be missing' : warnings.map(({ code, detail }) => <span key={`${code} ${detail}`} title={code}>{detail}</span>)}
    </span>
  )
}
