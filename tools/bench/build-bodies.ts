import { open } from 'node:fs/promises'
import { logLine, logSource, timeOfLog } from '../load/generate-log.ts'
import { ExactFigures } from './exact-figures.ts'

/** Request bodies in a file, made before the clock starts so that making them costs the measured run nothing. */
export interface Bodies {
  readonly path: string
  readonly places: readonly { readonly position: number; readonly bytes: number; readonly events: number }[]
  readonly figures: ExactFigures
  /** Bytes of the events as JSON lines, without the bulk actions. */
  readonly eventBytes: number
}

export interface BodiesOptions {
  readonly path: string
  readonly events: number
  readonly seed: number
  readonly baseMs: number
  readonly spanMs: number
  /** Of one more event, which closes the last body and counts in no figure: questions whose ranges end before it, after the last of the others, differ and have the same answer. */
  readonly endMs: number
  readonly bodyBytes: number
}

/** Writes `_bulk` bodies of the seeded logs in the order of their time. */
export async function buildBodies({ path, events, seed, baseMs, spanMs, endMs, bodyBytes }: BodiesOptions): Promise<Bodies> {
  const source = logSource(seed)
  const figures = new ExactFigures(baseMs, events)
  const places: { position: number; bytes: number; events: number }[] = []
  let position = 0
  let eventBytes = 0
  let lines: string[] = []
  let waiting = 0
  await using file = await open(path, 'w')
  const flush = async (): Promise<void> => {
    if (lines.length === 0) return
    const body = Buffer.from(lines.join(''), 'latin1')
    await file.write(body)
    places.push({ position, bytes: body.length, events: lines.length })
    position += body.length
    lines = []
    waiting = 0
  }
  for (let n = 0; n < events; n++) {
    const log = source(n)
    const timeMs = timeOfLog(seed, n, { baseMs, spanMs, count: events })
    figures.add(log, timeMs)
    const line = logLine(log, new Date(timeMs).toISOString())
    eventBytes += line.length + 1
    lines.push(`${ACTION}${line}\n`)
    waiting += ACTION.length + line.length + 1
    if (waiting >= bodyBytes) await flush()
  }
  lines.push(`${ACTION}${JSON.stringify({ timestamp: new Date(endMs).toISOString(), service: 'bench', message: 'the end' })}\n`)
  await flush()
  return { path, places, figures, eventBytes }
}

const ACTION = '{"create":{"_index":"logs"}}\n'
