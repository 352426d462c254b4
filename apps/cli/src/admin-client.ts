import { readFile } from 'node:fs/promises'
import type { CommandCall, CommandOptions } from './command.ts'
import { CommandError } from './command-error.ts'

/** Asks a running Millrace with an admin's key. */
export interface AdminClient {
  /** Its address, without a slash at the end. */
  readonly url: string
  /**
   * Answers the JSON of a 2xx answer.
   * @param path below the address, `/v1/dead-letters`.
   * @throws {CommandError} `auth` for 401 and 403; `unavailable` for 429, 503 and no answer; `error` for everything else.
   */
  ask(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<unknown>
}

/** Options of every command that asks a running Millrace. */
export const CONNECTION_OPTIONS = {
  url: { value: 'address', about: 'of the gateway or the standalone; else MILLRACE_URL, else http://127.0.0.1:8080' },
  key: { value: 'key', about: 'an admin key; better in MILLRACE_ADMIN_KEY, or in a file that MILLRACE_ADMIN_KEY_FILE names: other users of the machine see command lines' },
} as const satisfies CommandOptions

const DEFAULT_URL = 'http://127.0.0.1:8080'
/** Longer than the server takes to give up reading from a log that is slow. */
const REQUEST_TIMEOUT_MS = 60_000

/** @throws {CommandError} the address is none, or there is no key. */
export async function openAdminClient(call: CommandCall): Promise<AdminClient> {
  const base = readAddress(call.options['url'] ?? (await readVariable(call, 'MILLRACE_URL')) ?? DEFAULT_URL)
  const key = call.options['key'] ?? (await readVariable(call, 'MILLRACE_ADMIN_KEY'))
  if (key === undefined) throw new CommandError('auth', 'an admin key is needed: MILLRACE_ADMIN_KEY, MILLRACE_ADMIN_KEY_FILE or --key')
  if (!/^[\x21-\x7e]+$/.test(key)) throw new CommandError('auth', 'the admin key holds a character that no key has')
  return {
    url: base,
    async ask(method, path, body) {
      const text = body === undefined ? {} : { body: JSON.stringify(body) }
      const { status, statusText, retryAfter, content } = await send(call, base + path, { method, headers: { authorization: `Bearer ${key}`, accept: 'application/json' }, redirect: 'error', ...text })
      if (status >= 200 && status < 300) return parseAnswer(content)
      const detail = detailOf(content) ?? statusText
      if (status === 401 || status === 403) throw new CommandError('auth', `${status}: ${detail}`)
      if (status === 429 || status === 503) throw new CommandError('unavailable', `${status}: ${detail}${retryAfter === null ? '' : ` (try again in ${retryAfter} s)`}`)
      throw new CommandError('error', `${status}: ${detail}`)
    },
  }
}

function readAddress(text: string): string {
  const url = URL.parse(text)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) throw new CommandError('usage', `${text} is not the address of a Millrace, as http://127.0.0.1:8080 is`)
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`
}

/** A variable, or what stands in the file that `<name>_FILE` names. */
async function readVariable({ environment }: CommandCall, name: string): Promise<string | undefined> {
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
  readonly status: number
  readonly statusText: string
  readonly retryAfter: string | null
  readonly content: string
}

async function send({ clock, signal }: CommandCall, url: string, request: RequestInit): Promise<Answer> {
  const answered = new AbortController()
  const late = new AbortController()
  const waiting = clock.sleep(REQUEST_TIMEOUT_MS, answered.signal).then(() => {
    late.abort()
  })
  try {
    const answer = await fetch(url, { ...request, signal: AbortSignal.any([signal, late.signal]) })
    return { status: answer.status, statusText: answer.statusText, retryAfter: answer.headers.get('retry-after'), content: await answer.text() }
  } catch (cause) {
    if (signal.aborted) throw new CommandError('error', 'given up', { cause })
    throw new CommandError('unavailable', `${new URL(url).origin} does not answer: ${late.signal.aborted ? `nothing came for ${REQUEST_TIMEOUT_MS / 1000} s` : reasonOf(cause)}`, { cause })
  } finally {
    answered.abort()
    await waiting
  }
}

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

/** The sentence of a problem (RFC 9457). */
function detailOf(content: string): string | undefined {
  try {
    const problem: unknown = JSON.parse(content)
    return typeof problem === 'object' && problem !== null && 'detail' in problem && typeof problem.detail === 'string' ? problem.detail : undefined
  } catch {
    return undefined // a proxy's page
  }
}
