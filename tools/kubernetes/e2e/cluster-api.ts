import { readFile } from 'node:fs/promises'
import { Agent, request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import type { ClusterLayout } from '../cluster-layout.ts'
import { API_URL } from '../cluster-network.ts'
import { KubernetesError } from '../kubernetes-error.ts'

/** Kubernetes' API as administrator; many small questions are answered in a fraction of the time that kubectl takes to start. */
export interface ClusterApi extends Disposable {
  /** @throws {KubernetesError} the answer is no success. */
  get(path: string): Promise<unknown>
  create(path: string, body: unknown): Promise<unknown>
  /** A JSON merge patch. */
  patch(path: string, body: unknown): Promise<unknown>
  remove(path: string, body: unknown): Promise<unknown>
}

export async function openClusterApi({ certificates }: ClusterLayout): Promise<ClusterApi> {
  const read = (name: string): Promise<Buffer> => readFile(join(certificates, name))
  const agent = new Agent({ keepAlive: true, ca: await read('ca.crt'), cert: await read('admin.crt'), key: await read('admin.key') })
  const ask = async (method: string, path: string, body?: unknown, type = 'application/json'): Promise<unknown> => {
    const { status, text } = await send(agent, { method, path, type, body: body === undefined ? undefined : JSON.stringify(body) })
    if (status >= 300) throw new KubernetesError(`${method} ${path} answered ${status}: ${text.slice(0, MAX_SHOWN_ANSWER)}`)
    return JSON.parse(text) as unknown
  }
  return {
    get: (path) => ask('GET', path),
    create: (path, body) => ask('POST', path, body),
    patch: (path, body) => ask('PATCH', path, body, 'application/merge-patch+json'),
    remove: (path, body) => ask('DELETE', path, body),
    [Symbol.dispose]: () => { agent.destroy() },
  }
}

const MAX_SHOWN_ANSWER = 500
/** The API server stands still for some seconds while six apps start on two cores. */
const TIMEOUT_MS = 30_000

interface ApiRequest {
  readonly method: string
  readonly path: string
  readonly type: string
  readonly body: string | undefined
}

function send(agent: Agent, { method, path, type, body }: ApiRequest): Promise<{ readonly status: number; readonly text: string }> {
  // Of a DELETE's body Node itself does not tell the length.
  const headers = { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(body) }) }
  return new Promise((resolve, reject) => {
    const request = httpsRequest(API_URL + path, { agent, method, timeout: TIMEOUT_MS, headers }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => { text += chunk }).on('end', () => { resolve({ status: response.statusCode ?? 0, text }) }).on('error', reject)
    })
    request.on('timeout', () => request.destroy(new KubernetesError(`${method} ${path} has no answer after ${TIMEOUT_MS / 1000} s`)))
    request.on('error', reject)
    request.end(body)
  })
}
