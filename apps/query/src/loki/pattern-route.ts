import type { ServerResponse } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Route } from '@millrace/http/route'
import type { QueryContext } from '../query-context.ts'
import { sendList } from './answer.ts'
import { filterOf } from './label-routes.ts'
import { lokiRoute, readStepMs, readTimeRange, type LokiRequest } from './request.ts'
import { sampleEntries } from './sample.ts'

/**
 * `GET|POST /loki/api/v1/patterns?query=&start=&end=&step=`: what lines have in common, the most frequent first, `{"pattern":"took <_> ms","samples":[[<s>,<count>]]}`. Counts are
 * those of a sample of {@link MAX_LINES} lines; a range with fewer is counted as a whole.
 */
export function patternRoute(context: QueryContext): readonly Route[] {
  return lokiRoute(context, '/loki/api/v1/patterns', answerPatterns)
}

/** Enough to find what comes once in a thousand lines. */
const MAX_LINES = 10_000
/** Some milliseconds; others are served between. */
const LINES_PER_TURN = 500
/** As many as Grafana lists. */
const MAX_PATTERNS = 300
/** Different ones that are held; later ones are not counted. */
const MAX_HELD_PATTERNS = 10_000

async function answerPatterns(request: LokiRequest, response: ServerResponse): Promise<void> {
  const { run, parameters } = request
  const range = readTimeRange(request)
  const stepMs = Math.max(MIN_STEP_MS, readStepMs(parameters, range))
  const patterns = new Map<string, { events: number; readonly samples: Map<number, number> }>()
  for (const [index, { line, timestampNs }] of (await sampleEntries(run, filterOf(parameters.get('query')), range, MAX_LINES)).entries()) {
    if (index % LINES_PER_TURN === LINES_PER_TURN - 1) await nextTurn()
    const pattern = patternOf(line)
    const known = patterns.get(pattern) ?? { events: 0, samples: new Map<number, number>() }
    if (known.events === 0 && patterns.size >= MAX_HELD_PATTERNS) continue
    patterns.set(pattern, known)
    known.events++
    const second = (Math.floor(Number(timestampNs / 1_000_000n) / stepMs) * stepMs) / 1000
    known.samples.set(second, (known.samples.get(second) ?? 0) + 1)
  }
  const frequent = [...patterns].sort(([, a], [, b]) => b.events - a.events).slice(0, MAX_PATTERNS)
  sendList(response, run, frequent.map(([pattern, { samples }]) => ({ pattern, samples: [...samples].sort(([a], [b]) => a - b) })))
}

/** As Loki's: seconds are what it answers. */
const MIN_STEP_MS = 10_000

/** The line with `<_>` for each word that has a digit, and for values that are quoted; neighbours become one. */
export function patternOf(line: string): string {
  const masked = line.slice(0, MAX_PATTERN_LENGTH).replace(/"[^"]*"/g, (quoted) => (/\d/.test(quoted) ? '"<_>"' : quoted)).replace(/[^\s=,:;"'()[\]{}<>|]+/g, (word) => (/\d/.test(word) ? '<_>' : word))
  return masked.replace(/<_>(?:[\s,:]+<_>)+/g, '<_>')
}

/** Of a line, in characters: what comes later tells nothing new. */
const MAX_PATTERN_LENGTH = 1000
