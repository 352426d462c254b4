import type { CommandCall } from './command.ts'
import { CommandError } from './command-error.ts'
import { fetchPublic } from './gateway-client.ts'
import { readObject } from './read-answer.ts'

/** What `/readyz` of a service says. */
export interface ServiceProbe {
  readonly name: string
  readonly url: string
  readonly isReady: boolean
  readonly version?: string
  /** Its checks, or why it did not answer. */
  readonly detail: string
}

/** Asks a service whether it is ready. One that does not answer is not. */
export async function probeService(call: CommandCall, { name, url }: { readonly name: string; readonly url: string }): Promise<ServiceProbe> {
  try {
    const { status, content } = await fetchPublic(call, `${url}/readyz?verbose`)
    const { version, checks } = readObject(JSON.parse(content))
    const detail = Object.entries(typeof checks === 'object' && checks !== null ? checks : {}).map(([check, state]) => `${check}: ${String(state)}`).join(', ')
    return { name, url, isReady: status === 200, detail: detail === '' ? '-' : detail, ...(typeof version === 'string' ? { version } : {}) }
  } catch (error) {
    if (error instanceof CommandError) return { name, url, isReady: false, detail: error.message }
    if (error instanceof SyntaxError) return { name, url, isReady: false, detail: 'there is something else at this address' }
    throw error
  }
}
