/** What an image is built of: one of `apps/`. The page is no image of its own, the gateway and standalone carry it. */
export const APPS = ['gateway', 'intake', 'router', 'writer', 'indexer', 'query', 'standalone', 'cli'] as const

export type App = (typeof APPS)[number]

export function isApp(name: string): name is App {
  return APPS.some((app) => app === name)
}
