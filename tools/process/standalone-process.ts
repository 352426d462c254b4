import { startNodeProcess, type NodeProcess } from './node-process.ts'

/** The standalone as a child process: the real program on a real disk. */
export interface StandaloneProcess extends NodeProcess {
  readonly adminKey: string
}

export interface StandaloneOptions {
  readonly port: number
  readonly dataFolder: string
  /** Standard output and error are appended to it. */
  readonly logFile: string
  /** `<name>:<hit>`; see libs/runtime/src/failpoints.ts. */
  readonly failpoints?: string
  /** More settings. */
  readonly environment?: Readonly<Record<string, string>>
}

export function startStandalone({ port, dataFolder, logFile, failpoints = '', environment = {} }: StandaloneOptions): StandaloneProcess {
  const settings = { MILLRACE_DATA_DIR: dataFolder, MILLRACE_FAILPOINTS: failpoints, MILLRACE_BOOTSTRAP_API_KEY: BOOTSTRAP_API_KEY, MILLRACE_BOOTSTRAP_ADMIN_KEY: BOOTSTRAP_ADMIN_KEY }
  return { ...startNodeProcess({ main: 'apps/standalone/src/main.ts', port, logFile, environment: { ...settings, ...environment } }), adminKey: BOOTSTRAP_ADMIN_KEY }
}

/** Keys of a throw-away process on loopback; long enough for the rules of keys. */
export const BOOTSTRAP_API_KEY = 'mr_tools_0123456789abcdefghijklmnopqrstuvwxyz0123456789'
export const BOOTSTRAP_ADMIN_KEY = 'mr_tools_admin_9876543210zyxwvutsrqponmlkjihgfedcba9876543210'
