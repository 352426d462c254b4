import { COMPONENTS, ENVIRONMENTS, HOST_COUNT, MESSAGES, METHODS, PATHS, RARE_MESSAGE, SERVICES } from './log-templates.ts'
import { SeededNumbers } from './seeded-numbers.ts'
import { zipfChoice } from './weighted-choice.ts'

/** One made-up log event without its time. */
export interface GeneratedLog {
  readonly service: string
  readonly host: string
  readonly status: LogStatus
  readonly env: string
  readonly version: string
  readonly method: string
  readonly statusCode: number
  readonly path: string
  /** With two decimals, as it is written. */
  readonly durationMs: string
  readonly bytes: number
  readonly traceId: string
  readonly userId: string
  readonly message: string
}

export type LogStatus = keyof typeof MESSAGES

/**
 * Opens a source of structured logs as a web shop's services write them: 20 services and 200 hosts, 100,000 users by Zipf's law, 201 message templates, a fifth
 * of the events in a trace of one of the four thousand before. Event `n` of a seed is always the same, whatever was asked before.
 */
export function logSource(seed: number): (n: number) => GeneratedLog {
  const shuffler = new SeededNumbers(seed, SHUFFLE_STREAM)
  const pools = { info: templatesOf(MESSAGES.info, shuffler), warn: templatesOf(MESSAGES.warn, shuffler), error: templatesOf(MESSAGES.error, shuffler) }
  const choose = { info: zipfChoice(pools.info.length, 0.8), warn: zipfChoice(pools.warn.length, 0.8), error: zipfChoice(pools.error.length, 0.8) }
  const numbers = new SeededNumbers(seed)
  const traces = new SeededNumbers(seed)

  /** True when event `n` begins a trace; otherwise it belongs to an earlier one. */
  const begins = (n: number): boolean => {
    traces.restart(seed ^ TRACE_SALT, n)
    return n === 0 || traces.fraction() < 0.8
  }
  const traceIdOf = (n: number): string => {
    let start = n
    if (!begins(n)) {
      start = n - 1 - traces.below(Math.min(n, RECENT_EVENTS))
      while (!begins(start)) start -= 1
    }
    begins(start) // leaves the stream just after the draw that every trace begins with
    return traces.hex() + traces.hex() + traces.hex() + traces.hex()
  }

  return (n) => {
    const traceId = traceIdOf(n)
    numbers.restart(seed, n)
    const serviceIndex = chooseService(numbers)
    const service = SERVICES[serviceIndex] ?? SERVICES[0]
    const host = hostName(numbers)
    const userId = `u${String(chooseUser(numbers)).padStart(6, '0')}`
    const draw = numbers.fraction()
    const status: LogStatus = draw < 0.85 ? 'info' : draw < 0.95 ? 'warn' : 'error'
    const durationMs = (Math.exp((SERVICE_MEANS[serviceIndex] ?? 0) + 0.9 * numbers.gauss()) * (status === 'error' ? 4 : 1)).toFixed(2)
    const template = status === 'error' && numbers.fraction() < 0.0005 ? RARE_PIECES : (pools[status][choose[status](numbers)] ?? RARE_PIECES)
    return {
      service, host, status, userId, durationMs, traceId,
      bytes: Math.floor(Math.exp(7 + 1.2 * numbers.gauss())),
      statusCode: numbers.pick(STATUS_CODES[status]),
      message: fill(template, numbers, { durationMs, userId, host }),
      path: numbers.pick(PATHS).replaceAll('#', () => String(numbers.below(100_000))),
      env: numbers.pick(ENVIRONMENTS),
      version: SERVICE_VERSIONS[serviceIndex]?.[numbers.fraction() < 0.9 ? 0 : 1] ?? '1.0.0',
      method: numbers.pick(METHODS),
    }
  }
}

/** The event as one line of JSON without line feed; all of its text is plain ASCII without quotes. */
export function logLine(log: GeneratedLog, timestamp: string): string {
  return `{"timestamp":"${timestamp}","tenant":"acme","service":"${log.service}","host":"${log.host}","status":"${log.status}","env":"${log.env}","version":"${log.version}","http.method":"${log.method}","http.status_code":${log.statusCode},"http.url_path":"${log.path}","duration_ms":${log.durationMs},"bytes":${log.bytes},"trace_id":"${log.traceId}","user_id":"${log.userId}","message":"${log.message}"}`
}

/** Event times of `count` events spread evenly over a span from `baseMs`, each up to 50 ms off. */
export function timeOfLog(seed: number, n: number, { baseMs, spanMs, count }: { readonly baseMs: number; readonly spanMs: number; readonly count: number }): number {
  timeNumbers.restart(seed ^ TIME_SALT, n)
  const time = Math.floor(baseMs + ((n + 0.5) * spanMs) / count + (timeNumbers.fraction() - 0.5) * 100)
  return Math.max(baseMs, Math.min(baseMs + spanMs - 1, time))
}

const timeNumbers = new SeededNumbers(0)
const SHUFFLE_STREAM = 2 ** 40
const TRACE_SALT = 0x5bd1e995
const TIME_SALT = 0x1b873593
/** The last 4096 traces, four of five events being the first of one. */
const RECENT_EVENTS = 5120
const STATUS_CODES = { info: [200, 200, 200, 200, 201, 204, 304], warn: [400, 404, 404, 429, 200], error: [500, 500, 502, 503, 504] } as const
const UPSTREAM_ERRORS = [500, 502, 503, 504] as const
const SERVICE_VERSIONS = SERVICES.map((_, i) => [`${1 + (i % 4)}.${10 + i}.${i % 7}`, `${1 + (i % 4)}.${11 + i}.0`] as const)
/** Logarithm of the median duration. */
const SERVICE_MEANS = SERVICES.map((_, i) => 2.5 + ((i * 37) % 20) / 10)
const PIECES = /(\{[^}]+\})/
const RARE_PIECES = RARE_MESSAGE.split(PIECES)
const chooseService = zipfChoice(SERVICES.length, 1)
const chooseUser = zipfChoice(100_000, 1)

function hostName(numbers: SeededNumbers): string {
  return `node-${String(numbers.below(HOST_COUNT)).padStart(3, '0')}`
}

/** Every message with every component, in an order of the seed, cut at its braces. */
function templatesOf(messages: readonly string[], numbers: SeededNumbers): readonly (readonly string[])[] {
  const templates = messages.flatMap((message) => COMPONENTS.map((component) => message.replaceAll('{c}', component).split(PIECES)))
  for (let i = templates.length - 1; i > 0; i--) {
    const j = numbers.below(i + 1)
    const [a, b] = [templates[i], templates[j]]
    if (a !== undefined && b !== undefined) [templates[i], templates[j]] = [b, a]
  }
  return templates
}

function fill(pieces: readonly string[], numbers: SeededNumbers, { durationMs, userId, host }: Pick<GeneratedLog, 'durationMs' | 'userId' | 'host'>): string {
  let text = ''
  for (const piece of pieces) {
    if (piece === '{n}') text += numbers.below(90_000) + 1
    else if (piece === '{k}') text += numbers.below(16) + 1
    else if (piece === '{id}') text += numbers.hex()
    else if (piece === '{ip}') text += `10.${numbers.below(256)}.${numbers.below(256)}.${1 + numbers.below(254)}`
    else if (piece === '{d}') text += durationMs
    else if (piece === '{u}') text += userId
    else if (piece === '{sv}') text += SERVICES[chooseService(numbers)] ?? ''
    else if (piece === '{h}') text += host
    else if (piece === '{5xx}') text += numbers.pick(UPSTREAM_ERRORS)
    else text += piece
  }
  return text
}
