import { openTestSystem } from '../e2e/test-system.ts'
import { createSignInLink } from '../client/millrace-client.ts'
import { openBrowser } from './open-browser.ts'
import { shopEvents } from './shop-events.ts'
it('shoots', async () => {
  await using m = await openTestSystem({ kind: 'standalone' })
  const ev = shopEvents({ count: 4000, endMs: Date.now(), spanMs: 15 * 60_000 })
  await m.searchable(await m.send(ev.map((e) => JSON.stringify(e)).join('\n')))
  const browser = await openBrowser()
  const context = await browser.newContext({ viewport: { width: 1440, height: 860 }, colorScheme: (process.env['SCHEME'] ?? 'light') as 'light' })
  const page = await context.newPage()
  page.on('console', (msg) => console.log('CONSOLE', msg.type(), msg.text()))
  page.on('pageerror', (e) => console.log('PAGEERROR', e.stack))
  page.on('response', (r) => { if (r.status() >= 400) console.log(r.status(), r.url()) })
  await page.goto((await createSignInLink(m.url, m.adminKey, 'tests')).href)
  await page.getByRole('option').first().waitFor({ timeout: 60000 }).catch((e) => console.log(String(e)))
  await page.waitForTimeout(1500)
  await page.screenshot({ path: '/tmp/h-web-1.png' })
  await page.getByRole('option').nth(5).click()
  await page.waitForTimeout(500)
  await page.screenshot({ path: '/tmp/h-web-2.png' })
  console.log(page.url())
  await browser.close()
}, 120000)
