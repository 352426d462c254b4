import { useState, type FormEvent, type ReactElement } from 'react'
import { Popover } from '../frame/popover.tsx'
import { localText, parseTime, PRESETS, rangeLabel, resolveRange, type TimeRange } from '../state/time-range.ts'

interface TimeRangePickerProps {
  readonly range: TimeRange
  readonly onChange: (range: TimeRange) => void
}

/** The range: a span up to now, or two instants. */
export function TimeRangePicker({ range, onChange }: TimeRangePickerProps): ReactElement {
  return (
    <Popover className="time-range" name="Time range" label={<span className="time-range-label">{rangeLabel(range)}</span>}>
      {(close) => (
        <div className="time-range-panel">
          <ul className="menu" aria-label="Up to now">
            {PRESETS.map(({ label, span }) => (
              <li key={span}>
                <button type="button" aria-pressed={range.to === 'now' && range.from === `now-${span}`} onClick={() => {
                  onChange({ from: `now-${span}`, to: 'now' })
                  close()
                }}>Past {label}</button>
              </li>
            ))}
          </ul>
          <RangeForm range={range} onChange={(next) => {
            onChange(next)
            close()
          }} />
        </div>
      )}
    </Popover>
  )
}

function RangeForm({ range, onChange }: TimeRangePickerProps): ReactElement {
  const [from, setFrom] = useState(() => typed(range.from))
  const [to, setTo] = useState(() => typed(range.to))
  const [problem, setProblem] = useState<string>()
  const submit = (event: FormEvent): void => {
    event.preventDefault()
    const next = { from: stored(from), to: stored(to) }
    if (resolveRange(next, Date.now()) === undefined) setProblem('Both must be times, and the first before the second.')
    else onChange(next)
  }
  return (
    <form className="range-form" onSubmit={submit}>
      <label>From <input value={from} onChange={(event) => { setFrom(event.target.value) }} spellCheck={false} /></label>
      <label>To <input value={to} onChange={(event) => { setTo(event.target.value) }} spellCheck={false} /></label>
      {problem === undefined ? null : <p role="alert" className="problem">{problem}</p>}
      <p className="quiet">As <code>now-3h</code>, <code>2026-11-26 13:05</code> or ISO 8601, in your own time zone.</p>
      <button type="submit" className="primary">Apply</button>
    </form>
  )
}

function typed(text: string): string {
  return text.startsWith('now') ? text : localText(parseTime(text, 0) ?? 0)
}

/** Instants are kept in UTC, so that an address means the same everywhere. */
function stored(text: string): string {
  const ms = parseTime(text, 0)
  return text.trim().startsWith('now') || ms === undefined ? text.trim() : new Date(ms).toISOString()
}
