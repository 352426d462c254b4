import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { sendRequest } from '../client/send-request.ts'
import { SeededNumbers } from '../load/seeded-numbers.ts'

/** Visits a web server as its users would, at a steady rate; answers how many requests were replied to. */
export async function browse(url: string, { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number }): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  const numbers = new SeededNumbers(1)
  const startedMs = performance.now()
  const visits: Promise<boolean>[] = []
  for (let visit = 0; visit < perSecond * seconds; visit++) {
    await sleep(Math.max(0, startedMs + (visit * 1000) / perSecond - performance.now()))
    const path = numbers.pick(PATHS).replace('#', String(numbers.below(100_000)))
    visits.push(sendRequest({ method: 'GET', url: url + path, headers: { 'user-agent': numbers.pick(USER_AGENTS) }, agent }).then(({ outcome }) => outcome === 'replied'))
  }
  const replied = (await Promise.all(visits)).filter((isReplied) => isReplied).length
  agent.destroy()
  return replied
}

const PATHS = ['/', '/item/#', '/item/#?ref=mail&q=%22quoted%22', '/missing/#', '/broken', '/search?q=caf%C3%A9'] as const
const USER_AGENTS = ['Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0', 'curl/8.14.1', 'a "quoted" agent \\ with a backslash'] as const
