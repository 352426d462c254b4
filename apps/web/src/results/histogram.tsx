import { useEffect, useRef, useState, type ReactElement } from 'react'
import uPlot from 'uplot'
import type { Histogram as HistogramData } from '../hooks/use-histogram.ts'
import { shortCount } from '../state/short-count.ts'
import { LEVELS, type StatusLevel } from '../state/status-level.ts'
import { localText } from '../state/time-range.ts'

interface HistogramProps {
  readonly data: HistogramData | undefined
  /** Of the question, ms: the axis shows it all, also while the counts come in. */
  readonly fromMs: number
  readonly toMs: number
  readonly isDark: boolean
  /** A range was brushed. */
  readonly onBrush: (fromMs: number, toMs: number) => void
}

/** Events by time and status; dragging over it narrows the range. */
export function Histogram({ data, fromMs, toMs, isDark, onBrush }: HistogramProps): ReactElement {
  const host = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  const [pointed, setPointed] = useState<number>()
  const latest = useRef({ onBrush, fromMs, toMs })
  latest.current = { onBrush, fromMs, toMs }

  useEffect(() => {
    const element = host.current
    if (element === null) return undefined
    const made = new uPlot(optionsOf(element, latest, setPointed), emptyData(), element)
    plot.current = made
    const resized = new ResizeObserver(() => { made.setSize({ width: element.clientWidth, height: HEIGHT }) })
    resized.observe(element)
    return () => {
      resized.disconnect()
      made.destroy()
      plot.current = undefined
    }
  }, [isDark]) // the canvas takes its colours once

  useEffect(() => {
    const made = plot.current
    if (made === undefined) return
    made.setData(data === undefined || data.times.length === 0 ? emptyData() : stackedOf(data), false)
    const highest = data === undefined ? 0 : Math.max(0, ...data.times.map((_, index) => totalAt(data, index)))
    made.setScale('x', { min: fromMs / 1000, max: toMs / 1000 })
    made.setScale('y', { min: 0, max: Math.max(1, highest * 1.06) })
  }, [data, fromMs, toMs, isDark])

  return (
    <figure className="histogram" aria-label={summaryOf(data)}>
      <div ref={host} className="histogram-plot" aria-hidden="true" />
      <figcaption className="histogram-caption">{data !== undefined && pointed !== undefined ? <Pointed data={data} index={pointed} /> : null}</figcaption>
      {data !== undefined && data.fraction < 1 && data.error === undefined ? <progress className="histogram-progress" max={1} value={data.fraction} aria-label="Looked through" /> : null}
    </figure>
  )
}

function Pointed({ data, index }: { readonly data: HistogramData; readonly index: number }): ReactElement | null {
  const time = data.times[index]
  if (time === undefined) return null
  return (
    <>
      <time>{localText(time).slice(5)}</time>
      {LEVELS.filter((level) => (data.counts[level][index] ?? 0) > 0).map((level) => <span key={level} className={`count level-${level}`}>{level} {(data.counts[level][index] ?? 0).toLocaleString('en')}</span>)}
    </>
  )
}

/** CSS pixels. */
const HEIGHT = 92
/** A brush of fewer pixels is a click. */
const MIN_BRUSH_PX = 4
type Latest = { readonly current: { readonly onBrush: (fromMs: number, toMs: number) => void } }

function optionsOf(element: HTMLElement, latest: Latest, point: (index: number | undefined) => void): uPlot.Options {
  const style = getComputedStyle(element)
  const colour = (name: string): string => style.getPropertyValue(name).trim()
  const axis = { stroke: colour('--canvas-quiet'), font: `11px ${style.fontFamily}`, ticks: { show: false } }
  const grid = { stroke: colour('--canvas-line'), width: 1 }
  return {
    width: Math.max(100, element.clientWidth), height: HEIGHT, padding: [4, 8, 0, 0], legend: { show: false },
    scales: { x: { time: true, auto: false }, y: { auto: false } },
    axes: [{ ...axis, size: 20, gap: 3, grid: { show: false }, values: TIME_FORMATS }, { ...axis, size: 46, gap: 4, space: 26, grid, values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? shortCount(tick) : '')) }],
    // The tallest sum first: the next one paints over its lower part.
    series: [{}, ...STACK.map((level) => ({ label: level, fill: colour(`--canvas-${level}`), width: 0, points: { show: false }, paths: BARS }))],
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
    hooks: {
      setCursor: [({ cursor }) => { point(cursor.idx ?? undefined) }],
      setSelect: [(made) => {
        const { left, width } = made.select
        if (width >= MIN_BRUSH_PX) latest.current.onBrush(Math.round(made.posToVal(left, 'x') * 1000), Math.round(made.posToVal(left + width, 'x') * 1000))
        made.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false)
      }],
    },
  }
}

const STACK: readonly StatusLevel[] = LEVELS.toReversed()
const BARS = uPlot.paths.bars?.({ size: [0.86, 40], align: 1 }) ?? ((): null => null)
/** Levels of the axis by the distance of its ticks, s: the plot's own format, on 24 hours. */
const TIME_FORMATS: uPlot.Axis.Values = [
  [86_400, '{MM}-{DD}', null, null, null, null, null, null, 1],
  [60, '{HH}:{mm}', null, null, null, null, null, null, 1],
  [1, '{HH}:{mm}:{ss}', null, null, null, null, null, null, 1],
  [0.001, '{ss}.{fff}', null, null, null, null, null, null, 1],
]

function emptyData(): uPlot.AlignedData {
  return [[], ...STACK.map(() => [])]
}

/** Each level's series is the sum up to it, the last level's first. */
function stackedOf({ times, counts }: HistogramData): uPlot.AlignedData {
  const sums = times.map(() => 0)
  const series = LEVELS.map((level) => times.map((_, index) => (sums[index] = (sums[index] ?? 0) + (counts[level][index] ?? 0))))
  return [times.map((time) => time / 1000), ...series.toReversed()]
}

function totalAt({ counts }: HistogramData, index: number): number {
  return LEVELS.reduce((sum, level) => sum + (counts[level][index] ?? 0), 0)
}

function summaryOf(data: HistogramData | undefined): string {
  if (data === undefined) return 'Events by time'
  const sums = LEVELS.map((level) => [level, data.counts[level].reduce((sum, count) => sum + count, 0)] as const).filter(([, sum]) => sum > 0)
  return `Events by time: ${sums.length === 0 ? 'none' : sums.map(([level, sum]) => `${sum} ${level}`).join(', ')}`
}
