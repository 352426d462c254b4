import { join } from 'node:path'
import { buildBodies } from './build-bodies.ts'
import type { BenchSystem, DiskShare } from './bench-system.ts'
import { measureIngest, type IngestOptions, type IngestReport } from './measure-ingest.ts'
import { measureQuestion, type QuestionReport } from './measure-question.ts'
import { benchQuestions, MAX_RUNS } from './questions.ts'
import { profileClockUs, type ProfileWindow } from './top-functions.ts'

export interface BenchOptions {
  readonly events: number
  readonly seed: number
  readonly connections: number
  readonly bodyBytes: number
  /** Warm runs of each question. */
  readonly runs: number
  /** Events that are sent first and measured by no figure; with them single events are probed. Without any, they are probed beside the measured ones. */
  readonly warmUpEvents: number
  /** For the bodies. */
  readonly folder: string
  readonly onProgress: (line: string) => void
}

export interface BenchReport {
  readonly events: number
  readonly bytesPerEventJson: number
  /** One for each entrance. */
  readonly ingest: readonly IngestReport[]
  readonly warmUp: IngestReport | undefined
  readonly questions: readonly QuestionReport[]
  /** Of all events that were sent, over all entrances. */
  readonly disk: readonly DiskShare[]
  readonly sentEvents: number
  /** Of the measured ingest, and of the questions. */
  readonly windows: readonly ProfileWindow[]
  readonly isRight: boolean
}

const SPAN_MS = 3_600_000
/** The events end this long ago, so that probes, which happen now, are in no answer. */
const MARGIN_MS = 180_000

/** Measures a fresh system: ingest by `_bulk` through each of its entrances, then eight questions, whose answers are checked. Ends the system. */
export async function runBench(system: BenchSystem, { events, seed, connections, bodyBytes, runs, warmUpEvents, folder, onProgress }: BenchOptions): Promise<BenchReport> {
  const baseMs = Math.floor((Date.now() - SPAN_MS - MARGIN_MS) / 60_000) * 60_000
  onProgress(`making ${events} events`)
  const bodies = await buildBodies({ path: join(folder, 'bodies.ndjson'), events, seed, baseMs, spanMs: SPAN_MS - MAX_RUNS, endMs: baseMs + SPAN_MS, bodyBytes })
  let sentEvents = 0
  const send = async (options: Omit<IngestOptions, 'connections'>): ReturnType<typeof measureIngest> => {
    const measured = await measureIngest(system, { connections, ...options })
    sentEvents += measured.report.events
    return measured
  }

  const warmUpPlaces = placesOf(bodies.places, warmUpEvents)
  const [first] = system.entrances
  if (warmUpPlaces.length > 0) onProgress(`warming up with ${warmUpEvents} events`)
  const warmUp = warmUpPlaces.length === 0 || first === undefined ? undefined : (await send({ entrance: first, bodies: { ...bodies, places: warmUpPlaces }, hasProbes: true })).report
  const ingestStartUs = profileClockUs()
  const ingest: IngestReport[] = []
  let apiKey: string | undefined
  for (const entrance of system.entrances) {
    onProgress(`sending to the entrance "${entrance.name}", until all is sealed`)
    const measured = await send({ entrance, bodies, hasProbes: warmUp === undefined })
    apiKey ??= measured.apiKey
    ingest.push(measured.report)
  }

  const questionsStartUs = profileClockUs()
  const questions: QuestionReport[] = []
  for (const question of benchQuestions(bodies.figures, { baseMs, spanMs: SPAN_MS })) {
    onProgress(`${question.name}: ${question.about}`)
    questions.push(await measureQuestion(question, { system, apiKey: apiKey ?? '', runs }))
  }
  const windows = [{ name: 'ingest', startUs: ingestStartUs, endUs: questionsStartUs }, { name: 'questions', startUs: questionsStartUs, endUs: profileClockUs() }]
  return {
    events, bytesPerEventJson: bodies.eventBytes / events, ingest, warmUp, questions, sentEvents, windows, disk: await system.end(),
    isRight: questions.every(({ problem }) => problem === undefined),
  }
}

/** The first that hold at least so many events. */
function placesOf<T extends { readonly events: number }>(places: readonly T[], events: number): readonly T[] {
  let held = 0
  return places.filter((place) => {
    const isWanted = held < events
    held += place.events
    return isWanted
  })
}
