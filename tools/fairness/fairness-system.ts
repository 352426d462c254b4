import { freePort } from '../process/free-port.ts'
import { startStandalone } from '../process/standalone-process.ts'

/** The running system that is measured, whatever it is made of. */
export interface FairnessSystem extends AsyncDisposable {
  readonly url: string
  readonly adminKey: string
  /** Its processes, for their CPU time. */
  readonly pids: readonly number[]
}

/** What one tenant may do in a second. */
export interface Quotas {
  readonly requestsPerSecond: number
  readonly bytesPerSecond: number
}

/** Starts the standalone with quotas per tenant; its data and its log lie in `folder`. */
export async function startFairnessSystem(folder: string, { requestsPerSecond, bytesPerSecond }: Quotas): Promise<FairnessSystem> {
  const instance = startStandalone({
    port: await freePort(), dataFolder: `${folder}/data`, logFile: `${folder}/standalone.log`,
    environment: { MILLRACE_TENANT_REQUESTS_PER_SECOND: String(requestsPerSecond), MILLRACE_TENANT_BYTES_PER_SECOND: String(bytesPerSecond) },
  })
  if ((await instance.ready()) === 'ended') throw new Error('the standalone ended at once')
  return { url: instance.url, adminKey: instance.adminKey, pids: [instance.pid], [Symbol.asyncDispose]: async () => await instance[Symbol.asyncDispose]() }
}
