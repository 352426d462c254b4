import { readFile } from 'node:fs/promises'
import type { Clock } from '@millrace/runtime/clock'
import type { CommandCall, CommandOptions } from './command.ts'
import { CommandError } from './command-error.ts'

/** Asks a running Millrace with a key: an admin's, or one of a tenant. */
export interface GatewayClient {
  /** Its address, without a slash at the end. */
  readonly url: string
  /**
   * Answers the JSON of a 2xx answer; undefined for one without a body.
   * @param path below the address, `/v1/dead-letters`.
   * @throws {CommandError} `auth` for 401 and 403; `unavailable` for 429, 503 and no answer; `error` for everything else.
   */
  ask(method: Method, path: string, body?: object, headers?: Readonly<Record<string, string>>): Promise<unknown>
  /** As {@link ask}, with the headers of the answer. */
  exchange(method: Method, path: string, body?: object, headers?: Readonly<Record<string, string>>): Promise<{ readonly body: unknown; readonly headers: Headers }>
  /**
   * Lines of an answer while they come, without an end of its own. Ends early when the person gives up.
   * @throws {CommandError} as {@link ask}; `unavailable` as well where the answer breaks off, or stands still for `silenceMs`.
   */
  lines(method: Method, path: string, options?: LinesOptions): AsyncIterable<string>
}

export interface LinesOptions {
  readonly body?: object
  /** ms without a byte after which nobody is there any more: a connection whose other end has gone without a word stays silent for good. Any silence is allowed when absent. */
  readonly silenceMs?: number
}

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

const URL_OPTION = { url: { value: 'address', about: 'of the gateway or the standalone; else MILLRACE_URL, else http://127.0.0.1:8080' } } as const satisfies CommandOptions

/** Options of every command that asks a running Millrace as its operator. */
export const ADMIN_CONNECTION = {
  ...URL_OPTION,
  key: { value: 'key', about: 'an admin key; better in MILLRACE_ADMIN_KEY, or in a file that MILLRACE_ADMIN_KEY_FILE names: other users of the machine see command lines' },
} as const satisfies CommandOptions

/** Options of every command that asks a running Millrace as a tenant. */
export const TENANT_CONNECTION = {
  ...URL_OPTION,
  key: { value: 'key', about: "a tenant's key; better in MILLRACE_API_KEY, or in a file that MILLRACE_API_KEY_FILE names: other users of the machine see command lines" },
} as const satisfies CommandOptions

const DEFAULT_URL = 'http://127.0.0.1:8080'
/** Longer than the server takes to give up reading from a log that is slow. */
const REQUEST_TIMEOUT_MS = 60_000

/** @throws {CommandError} the address is none, or there is no admin key. */
export async function openAdminClient(call: CommandCall): Promise<GatewayClient> {
  return createClient(call, await readUrl(call), await readKey(call, 'MILLRACE_ADMIN_KEY', 'an admin key'))
}

/** @throws {CommandError} the address is none, or there is no key of a tenant. */
export async function openTenantClient(call: CommandCall): Promise<GatewayClient> {
  return createClient(call, await readUrl(call), await readKey(call, 'MILLRACE_API_KEY', "a tenant's key"))
}

/** The address of the gateway that a command was given. @throws {CommandError} it is none. */
export async function readUrl(call: CommandCall): Promise<string> {
  return readAddress(call.options['url'] ?? (await readVariable(call, 'MILLRACE_URL')) ?? DEFAULT_URL)
}

async function readKey(call: CommandCall, variable: string, what: string): Promise<string> {
  const key = call.options['key'] ?? (await readVariable(call, variable))
  if (key === undefined) throw new CommandError('auth', `${what} is needed: ${variable}, ${variable}_FILE or --key`)
  if (!/^[\x21-\x7e]+$/.test(key)) throw new CommandError('auth', 'the key holds a character that no key has')
  return key
}

function createClient(call: CommandCall, base: string, key: string): GatewayClient {
  const request = (method: Method, body?: object, headers: Readonly<Record<string, string>> = {}): RequestInit => ({
    method, redirect: 'error', headers: { authorization: `Bearer ${key}`, accept: 'application/json', ...headers }, ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const exchange: GatewayClient['exchange'] = async (method, path, body, headers) => {
    const { answer, content } = await send(call, base + path, request(method, body, headers))
    if (!answer.ok) throw refusalOf(answer, content)
    return { body: content === '' ? undefined : parseAnswer(content), headers: answer.headers }
  }
  return {
    url: base,
    exchange,
    ask: async (...question) => (await exchange(...question)).body,
    lines: (method, path, { body, silenceMs } = {}) => readLines(call, base + path, request(method, body, { accept: '*/*' }), silenceMs),
  }
}

/** What an answer that is none of 2xx means to a script. */
function refusalOf({ status, statusText, headers }: Response, content: string): CommandError {
  const detail = detailOf(content) ?? statusText
  const retryAfter = headers.get('retry-after')
  if (status === 401 || status === 403) return new CommandError('auth', `${status}: ${detail}`)
  if (status === 429 || status === 503) return new CommandError('unavailable', `${status}: ${detail}${retryAfter === null ? '' : ` (try again in ${retryAfter} s)`}`)
  return new CommandError('error', `${status}: ${detail}`)
}

/** An address without its trailing slash. @throws {CommandError} it is none. */
export function readAddress(text: string): string {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) throw new CommandError('usage', `${text} is not the address of a Millrace, as http://127.0.0.1:8080 is`)
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

/** Asks for what needs no key, whatever the status. @throws {CommandError} `unavailable` when nothing answers. */
export async function fetchPublic(call: CommandCall, url: string): Promise<{ readonly status: number; readonly content: string; readonly headers: Headers }> {
  const { answer, content } = await send(call, url, { redirect: 'error' })
  return { status: answer.status, content, headers: answer.headers }
}

/** A variable, or what stands in the file that `<name>_FILE` names. */
export async function readVariable({ environment }: Pick<CommandCall, 'environment'>, name: string): Promise<string | undefined> {
  const value = environment[name]
  if (value !== undefined && value !== '') return value.trim()
  const path = environment[`${name}_FILE`]
  if (path === undefined || path === '') return undefined
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (cause) {
    throw new CommandError('usage', `the file that ${name}_FILE names cannot be read`, { cause })
  }
}

interface Answer {
  readonly answer: Response
  readonly content: string
}

async function send({ clock, signal }: CommandCall, url: string, request: RequestInit): Promise<Answer> {
  using late = listenForSilence(clock, REQUEST_TIMEOUT_MS)
  try {
    const answer = await fetch(url, { ...request, signal: AbortSignal.any([signal, late.signal]) })
    return { answer, content: await answer.text() }
  } catch (cause) {
    if (signal.aborted) throw new CommandError('error', 'given up', { cause })
    throw new CommandError('unavailable', `${new URL(url).origin} does not answer: ${late.signal.aborted ? `nothing came for ${REQUEST_TIMEOUT_MS / 1000} s` : reasonOf(cause)}`, { cause })
  }
}

async function* readLines({ signal, clock }: CommandCall, url: string, request: RequestInit, silenceMs = Infinity): AsyncGenerator<string, void, undefined> {
  let hasAnswered = false
  using silence = listenForSilence(clock, silenceMs)
  try {
    const answer = await fetch(url, { ...request, signal: AbortSignal.any([signal, silence.signal]) })
    hasAnswered = true
    if (!answer.ok) throw refusalOf(answer, await answer.text())
    const decoder = new TextDecoder()
    let rest = ''
    for await (const bytes of answer.body ?? []) {
      silence.heard()
      const lines = (rest + decoder.decode(bytes as Uint8Array, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      if (rest.length > MAX_LINE_LENGTH) throw new CommandError('error', 'a line of the answer has no end: is there a Millrace at this address?')
      yield* lines
    }
    if (rest !== '') yield rest
  } catch (cause) {
    if (signal.aborted) return
    if (cause instanceof CommandError) throw cause
    throw new CommandError('unavailable', `${new URL(url).origin} ${hasAnswered ? 'broke off its answer' : 'does not answer'}: ${silence.signal.aborted ? `nothing came for ${silenceMs / 1000} s` : reasonOf(cause)}`, { cause })
  }
}

/** Aborts once `ms` have gone by without a call of `heard`. */
function listenForSilence(clock: Clock, ms: number): { readonly signal: AbortSignal; heard(): void } & Disposable {
  const silent = new AbortController()
  const ended = new AbortController()
  let heardMs = clock.monotonicMs()
  const listen = async (): Promise<void> => {
    for (let leftMs = ms; leftMs > 0 && !ended.signal.aborted; leftMs = heardMs + ms - clock.monotonicMs()) await clock.sleep(leftMs, ended.signal)
    if (!ended.signal.aborted) silent.abort()
  }
  if (ms !== Infinity) void listen()
  return {
    signal: silent.signal,
    heard() {
      heardMs = clock.monotonicMs()
    },
    [Symbol.dispose]() {
      ended.abort()
    },
  }
}

/** Characters; an event has at most a megabyte, twice that when its quotes are escaped. */
const MAX_LINE_LENGTH = 16_000_000

/** What fetch hides behind `fetch failed`. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  if (!(cause instanceof Error)) return String(cause)
  return cause.message === '' && 'code' in cause ? String(cause.code) : cause.message // several addresses of one name fail without a message
}

function parseAnswer(content: string): unknown {
  try {
    return JSON.parse(content) as unknown
  } catch (cause) {
    throw new CommandError('error', 'the answer is not JSON: is there a Millrace at this address?', { cause })
  }
}

/** The sentence of a problem (RFC 9457), or the first of an answer in Datadog's form. */
function detailOf(content: string): string | undefined {
  try {
    const problem: unknown = JSON.parse(content)
    if (typeof problem !== 'object' || problem === null) return undefined
    if ('detail' in problem && typeof problem.detail === 'string') return problem.detail
    return 'errors' in problem && Array.isArray(problem.errors) && typeof problem.errors[0] === 'string' ? problem.errors[0] : undefined
  } catch {
    return undefined // a proxy's page
  }
}
