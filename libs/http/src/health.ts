import type { Route } from './route.ts'
import { sendJson } from './send-json.ts'

/** One thing that this process needs before it may be sent requests. */
export interface ReadyCheck {
  readonly name: string
  /** Undefined when all is well, else what is wrong. */
  readonly problem: () => Promise<string | undefined>
}

/** `/livez` says that the process turns; `/readyz` that it can serve, with each check and the program's version, where it is known, when `?verbose` is given. */
export function healthRoutes(checks: readonly ReadyCheck[], version?: string): readonly Route[] {
  return [
    {
      method: 'GET', path: '/livez', scope: 'public', dialect: 'millrace',
      handle: (_, response) => {
        sendJson(response, 200, { status: 'alive' })
        return Promise.resolve()
      },
    },
    {
      method: 'GET', path: '/readyz', scope: 'public', dialect: 'millrace',
      handle: async ({ url }, response) => {
        const results = await Promise.all(checks.map(async ({ name, problem }) => ({ name, problem: await problem().catch(() => 'cannot be checked') })))
        const isReady = results.every(({ problem }) => problem === undefined)
        const details = url.searchParams.has('verbose') ? { ...(version === undefined ? {} : { version }), checks: Object.fromEntries(results.map(({ name, problem }) => [name, problem ?? 'ok'])) } : {}
        sendJson(response, isReady ? 200 : 503, { status: isReady ? 'ready' : 'not ready', ...details })
      },
    },
  ]
}
