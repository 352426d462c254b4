/// <reference lib="dom" />
import { createRequire } from 'node:module'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core'
import { createSignInLink } from '../client/millrace-client.ts'
import { waitFor, type TestClient } from '../e2e/test-client.ts'
import { openTestSystem, START_TIMEOUT_MS, type TestSystem } from '../e2e/test-system.ts'
import { openBrowser } from './open-browser.ts'
import { shopEvents } from './shop-events.ts'
import { HOSTILE_TEXTS } from './hostile-texts.ts'

const MINUTE_MS = 60_000
const EVENTS = 4000
const IMAGES = join(import.meta.dirname, '../../docs/images')
/** A first request builds the page. */
const TEST_TIMEOUT_MS = 120_000

describe('the page', () => {
  let millrace: TestSystem
  let browser: Browser
  beforeAll(async () => {
    millrace = await openTestSystem()
    browser = await openBrowser()
    await store(millrace, shopEvents({ count: EVENTS, endMs: Date.now(), spanMs: 14 * MINUTE_MS }))
  }, START_TIMEOUT_MS)
  afterAll(async () => {
    await browser.close()
    await millrace[Symbol.asyncDispose]()
  }, START_TIMEOUT_MS)

  /** A page of its own browser profile, which fails the test where it says an error or breaks its policy. */
  async function withPage(test: (page: Page, context: BrowserContext) => Promise<void>, { client = millrace as TestClient, colorScheme = 'light' as 'light' | 'dark', isSignedIn = true, from = 'now-1h' } = {}): Promise<void> {
    const context = await browser.newContext({ viewport: { width: 1440, height: 860 }, colorScheme, timezoneId: 'UTC', permissions: ['clipboard-read', 'clipboard-write'], acceptDownloads: true })
    const findings: string[] = []
    await context.addInitScript(() => {
      addEventListener('securitypolicyviolation', (event) => { console.error(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample} ${(event.composedPath()[0] as HTMLElement).outerHTML.slice(0, 200)}`) })
    })
    const page = await context.newPage()
    page.setDefaultTimeout(15_000)
    page.on('pageerror', (error) => findings.push(String(error)))
    page.on('dialog', (dialog) => {
      findings.push(`dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
    page.on('console', (message) => { if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) findings.push(message.text()) })
    try {
      if (isSignedIn) {
        await page.goto(`${millrace.url}/?from=${from}&to=now`)
        await page.getByLabel('API key').fill(client.key)
        await page.getByRole('button', { name: 'Sign in' }).click()
        await page.getByRole('button', { name: 'Search', exact: true }).waitFor()
      }
      await test(page, context)
      expect(findings).toEqual([])
    } finally {
      await context.close()
    }
  }

  describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
    const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
    /** Serious findings of axe, by their rule and element. */
    async function seriousFindings(page: Page): Promise<readonly string[]> {
      // Through the debugger's door: the page's policy lets no script in.
      await page.evaluate(await readFile(axe, 'utf8'))
      return await page.evaluate(async () => {
        const { violations } = await (globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[] }> } }).axe.run()
        return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary.slice(0, 300)}`))
      })
    }
    const shoot = async (page: Page, name: string): Promise<void> => void (await page.screenshot({ path: join(IMAGES, `${name}-${colorScheme}.png`), animations: 'disabled' }))

    it('is readable by everybody, and looks as in the pictures', async () => {
      await withPage(async (page) => {
        await page.goto(millrace.url)
        await page.getByLabel('API key').waitFor()
        expect(await seriousFindings(page)).toEqual([])
      }, { isSignedIn: false, colorScheme })
      await withPage(async (page) => {
        await rows(page).first().waitFor()
        await page.getByText(/^complete/).waitFor()
        await page.waitForTimeout(300) // the last bars
        expect(await seriousFindings(page)).toEqual([])
        await shoot(page, 'explorer')
        await ask(page, 'service:checkout (status:error OR @duration_ms:>500) -host:checkout-9*')
        await rows(page).nth(3).click()
        await page.getByRole('complementary').waitFor()
        await page.getByText(/^complete/).waitFor()
        await page.waitForTimeout(300)
        expect(await seriousFindings(page)).toEqual([])
        await shoot(page, 'details')
        await page.getByRole('complementary').getByRole('tab', { name: 'Surrounding' }).click()
        await page.getByRole('list', { name: 'Surrounding events' }).waitFor()
        expect(await seriousFindings(page)).toEqual([])
        await page.goto(`${millrace.url}/?tab=patterns`)
        await page.getByRole('list', { name: 'Patterns' }).waitFor()
        await page.getByText(/^complete/).waitFor()
        await page.waitForTimeout(300)
        expect(await seriousFindings(page)).toEqual([])
        await shoot(page, 'patterns')
        for (const name of ['Time range', 'Saved views', 'Export', 'Account']) {
          await page.getByTitle(name, { exact: true }).click()
          await page.getByRole('dialog', { name }).waitFor()
          expect([name, await seriousFindings(page)]).toEqual([name, []])
          await page.keyboard.press('Escape')
        }
        await page.getByRole('button', { name: 'Live' }).click()
        await page.getByText('listening', { exact: true }).waitFor()
        expect(await seriousFindings(page)).toEqual([])
      }, { colorScheme, from: 'now-15m' })
    }, TEST_TIMEOUT_MS)
  })

  it('is opened once by a one-time link, which leaves the address', async () => {
    const link = (await createSignInLink(millrace.url, millrace.adminKey, 'tests')).href
    await withPage(async (page, context) => {
      await page.goto(link)
      await rows(page).first().waitFor()
      expect(page.url()).not.toContain('link')
      const [cookie] = await context.cookies()
      expect(cookie).toMatchObject({ name: 'millrace_session', httpOnly: true, sameSite: 'Strict' })
      await page.goto('about:blank')
      await page.goto(link) // who is signed in stays so
      await rows(page).first().waitFor()
    }, { isSignedIn: false })
    await withPage(async (page) => {
      await page.goto(link)
      await page.getByRole('alert').filter({ hasText: 'used already' }).waitFor()
      expect(page.url()).not.toContain('link')
    }, { isSignedIn: false })
  }, TEST_TIMEOUT_MS)

  it('refuses a key that is not known, and says so', async () => {
    await withPage(async (page) => {
      await page.goto(millrace.url)
      await page.getByLabel('API key').fill('no-such-key')
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByRole('alert').filter({ hasText: 'not known' }).waitFor()
    }, { isSignedIn: false })
  }, TEST_TIMEOUT_MS)

  it('finds what is asked for, and says how much and how whole', async () => {
    await withPage(async (page) => {
      await ask(page, 'service:checkout status:error')
      const { length } = await millrace.search('service:checkout status:error')
      await count(page, length)
      for (const text of await rows(page).allTextContents()) expect(text).toContain('failed: upstream connect error')
      await page.getByText(/^complete until \d\d:\d\d:\d\d/).waitFor()
      expect(new URL(page.url()).searchParams.get('query')).toBe('service:checkout status:error')
      await ask(page, 'service:nobody')
      await page.getByText('No events match in this time range.').waitFor()
    })
  }, TEST_TIMEOUT_MS)

  it('says what is wrong with a query where it is typed, and when it is asked', async () => {
    await withPage(async (page) => {
      await editor(page).click()
      await page.keyboard.type('service:web AND')
      await page.locator('.cm-lintRange-error, .cm-lintPoint-error').first().waitFor({ state: 'attached' })
      await page.keyboard.press('Escape')
      await page.keyboard.press('Enter')
      await page.getByRole('alert').filter({ hasText: 'ends where a term is needed' }).waitFor()
    })
  }, TEST_TIMEOUT_MS)

  it('completes facets and their values', async () => {
    await withPage(async (page) => {
      await rows(page).first().waitFor()
      await editor(page).click()
      await page.keyboard.type('serv')
      await page.getByRole('option', { name: 'service', exact: true }).waitFor()
      await page.waitForTimeout(120) // the editor takes no Enter for a list that just opened
      await page.keyboard.press('Enter')
      await page.getByRole('option', { name: /^postgres/ }).waitFor()
      await page.keyboard.type('post')
      await page.getByRole('option', { name: /^web/ }).waitFor({ state: 'detached' })
      await page.waitForTimeout(120)
      await page.keyboard.press('Enter')
      await waitFor(async () => (await editor(page).innerText()).trim() === 'service:postgres')
      await page.keyboard.press('Escape')
      await page.keyboard.press('Enter')
      await count(page, (await millrace.search('service:postgres')).length)
    })
  }, TEST_TIMEOUT_MS)

  it('lists more as the reader scrolls, to the last event, and keeps few lines in the document', async () => {
    await withPage(async (page) => {
      await ask(page, 'service:web status:info')
      const { length } = await millrace.search('service:web status:info')
      await count(page, length)
      expect(length).toBeGreaterThan(1000)
      const list = page.getByRole('listbox', { name: 'Events' })
      const last = page.locator(`[role=option][aria-posinset="${length}"]`)
      await waitFor(async () => {
        await list.press('End')
        return (await last.count()) === 1
      })
      await page.getByText(`all ${length.toLocaleString('en')} events`).waitFor()
      expect(await page.getByRole('listbox', { name: 'Events' }).getByRole('option').count()).toBeLessThan(120)
    })
  }, TEST_TIMEOUT_MS)

  it('narrows the range by a brush over the histogram, and goes back', async () => {
    await withPage(async (page) => {
      await rows(page).first().waitFor()
      await counted(page)
      const before = page.url()
      const box = await page.locator('.histogram .u-over').boundingBox()
      if (box === null) throw new Error('there is a histogram')
      await page.mouse.move(box.x + box.width * 0.8, box.y + 30)
      await page.mouse.down()
      await page.mouse.move(box.x + box.width * 0.9, box.y + 34, { steps: 8 })
      await page.mouse.up()
      await page.waitForURL(/from=\d{4}-/)
      const { searchParams } = new URL(page.url())
      const [from, to] = [Date.parse(searchParams.get('from') ?? ''), Date.parse(searchParams.get('to') ?? '')]
      expect((to - from) / MINUTE_MS).toBeGreaterThan(5)
      expect((to - from) / MINUTE_MS).toBeLessThan(7)
      await count(page, (await millrace.search('*', { from: new Date(from).toISOString(), to: new Date(to).toISOString() })).length)
      await page.goBack()
      await waitFor(async () => page.url() === before && (await counted(page)) === EVENTS)
    })
  }, TEST_TIMEOUT_MS)

  it('takes a range by name and by text, and refuses what is none', async () => {
    await withPage(async (page) => {
      await page.getByTitle('Time range').click()
      await page.getByRole('button', { name: 'Past 5 minutes' }).click()
      await page.waitForURL(/from=now-5m/)
      await waitFor(async () => (await counted(page)) < EVENTS / 2)
      await page.getByTitle('Time range').click()
      await page.getByLabel('From').fill('yesterday')
      await page.getByRole('button', { name: 'Apply' }).click()
      await page.getByRole('alert').filter({ hasText: 'must be times' }).waitFor()
      await page.getByLabel('From').fill('now-1h')
      await page.getByRole('button', { name: 'Apply' }).click()
      await count(page, EVENTS)
    })
  }, TEST_TIMEOUT_MS)

  it('adds a facet’s value to the query by a click, takes it away by another, and excludes', async () => {
    await withPage(async (page) => {
      const value = page.getByRole('navigation', { name: 'Facets' }).getByRole('list', { name: 'service' }).getByRole('button', { name: /^postgres/ })
      await value.click()
      await count(page, (await millrace.search('service:postgres')).length)
      expect(await value.getAttribute('aria-pressed')).toBe('true')
      await value.click()
      await count(page, EVENTS)
      await page.getByRole('button', { name: 'Exclude status:info' }).click()
      await count(page, (await millrace.search('-status:info')).length)
    })
  }, TEST_TIMEOUT_MS)

  it('shows all that an event says, what is around it, and searches on from there', async () => {
    await withPage(async (page) => {
      await ask(page, 'service:checkout status:error')
      await rows(page).first().click()
      const details = page.getByRole('complementary', { name: 'Details of the event' })
      await details.getByText('ECONNREFUSED', { exact: true }).waitFor()
      await details.getByRole('button', { name: 'Copy @error.kind' }).click()
      await waitFor(async () => (await page.evaluate(async () => await navigator.clipboard.readText())) === 'ECONNREFUSED')
      await details.getByRole('button', { name: 'Show @order.id as a column' }).click()
      await page.getByRole('button', { name: 'Remove the column @order.id' }).waitFor()
      await details.getByRole('tab', { name: 'Surrounding' }).click()
      await waitFor(async () => (await details.getByRole('list', { name: 'Surrounding events' }).getByRole('listitem').count()) > 5)
      await details.getByRole('tab', { name: 'JSON' }).click()
      expect(JSON.parse((await details.locator('.details-json pre').textContent()) ?? '')).toMatchObject({ service: 'checkout', attributes: { error: { kind: 'ECONNREFUSED' } } })
      await details.getByRole('tab', { name: 'Attributes' }).click()
      await details.getByRole('button', { name: /^Exclude host:checkout-/ }).click()
      await page.waitForURL(/query=service%3Acheckout\+status%3Aerror\+-host%3Acheckout-/)
    })
  }, TEST_TIMEOUT_MS)

  it('is gone through by the keyboard', async () => {
    await withPage(async (page) => {
      await rows(page).first().waitFor()
      await page.getByRole('listbox', { name: 'Events' }).focus()
      for (const key of ['j', 'j', 'ArrowDown', 'k']) await page.keyboard.press(key)
      await waitFor(async () => (await page.locator('[role=option][aria-selected=true]').getAttribute('aria-posinset')) === '2')
      await page.keyboard.press('Escape')
      await page.getByRole('complementary').waitFor({ state: 'detached' })
      await page.keyboard.press('/')
      await page.keyboard.type('status:warn')
      await page.keyboard.press('Escape')
      await page.keyboard.press('Enter')
      await page.waitForURL(/query=status%3Awarn/)
    })
  }, TEST_TIMEOUT_MS)

  it('is restored from its address: query, range, columns and open event', async () => {
    const [event] = await millrace.search('service:checkout status:error')
    await withPage(async (page) => {
      const search = new URLSearchParams({ query: 'service:checkout', from: 'now-1h', to: 'now', column: '@order.id', event: `${event?.id ?? ''}~${event?.attributes.timestamp ?? ''}` })
      await page.goto(`${millrace.url}/?${search}`)
      await count(page, (await millrace.search('service:checkout')).length)
      expect((await editor(page).innerText()).trim()).toBe('service:checkout')
      await page.getByRole('complementary').getByText(event?.attributes.message ?? '?').waitFor()
      await page.getByRole('button', { name: 'Remove the column @order.id' }).waitFor()
      await page.reload()
      await page.getByRole('complementary').getByText(event?.attributes.message ?? '?').waitFor()
    })
  }, TEST_TIMEOUT_MS)

  it('shows patterns, and searches for one', async () => {
    await withPage(async (page) => {
      await page.getByRole('tab', { name: 'Patterns' }).click()
      await page.waitForURL(/tab=patterns/)
      const pattern = page.getByRole('list', { name: 'Patterns' }).getByRole('button', { name: /failed: upstream connect error/ })
      await pattern.click()
      await count(page, (await millrace.search('"failed: upstream connect error"')).length)
    })
  }, TEST_TIMEOUT_MS)

  it('follows what arrives, and counts what was dropped', async () => {
    const other = await millrace.addTenant('followed')
    await withPage(async (page) => {
      await ask(page, 'service:live')
      await page.getByRole('button', { name: 'Live' }).click()
      await page.getByText('listening', { exact: true }).waitFor()
      await waitFor(async () => {
        await other.send('{"service":"live","message":"heartbeat"}\n{"service":"other","message":"unseen"}')
        return (await rows(page).count()) >= 3
      }).catch(async () => { throw new Error(`nothing arrives: ${await page.locator('main').innerText()}`) })
      expect(await rows(page).filter({ hasText: 'unseen' }).count()).toBe(0)
      expect(await page.getByTestId('dropped').textContent()).toBe('0 dropped')
      // More in one batch than the server looks through for one stream.
      await other.send(Array.from({ length: 5000 }, (_, index) => JSON.stringify({ service: 'live', message: `flood ${index}` })).join('\n'))
      await page.getByTestId('dropped').filter({ hasText: /^[1-9][\d,]* dropped/ }).waitFor()
      await page.getByRole('button', { name: 'Live' }).click()
      await waitFor(async () => {
        await page.getByRole('button', { name: 'Search', exact: true }).click()
        await page.waitForTimeout(300)
        return (await counted(page)) > 5000
      })
    }, { client: other })
  }, TEST_TIMEOUT_MS)

  it('keeps views, opens them, changes them and removes them', async () => {
    await withPage(async (page) => {
      await ask(page, 'status:error')
      await page.getByTitle('Saved views').click()
      await page.getByLabel('Name of the view').fill('What fails')
      await page.getByRole('button', { name: 'Save', exact: true }).click()
      const view = page.getByRole('button', { name: /^What fails/ })
      await view.waitFor()
      await page.keyboard.press('Escape')
      await ask(page, 'service:web')
      await page.getByTitle('Saved views').click()
      await view.click()
      await page.waitForURL(/query=status%3Aerror/)
      await ask(page, 'status:warn')
      await page.getByTitle('Saved views').click()
      await page.getByRole('button', { name: 'Put the current search into What fails' }).click()
      await page.getByRole('button', { name: /^What fails.*status:warn/ }).waitFor()
      await page.getByRole('button', { name: 'Delete What fails' }).click()
      await page.getByText('No saved views yet.').waitFor()
    })
  }, TEST_TIMEOUT_MS)

  it('exports all that matches', async () => {
    await withPage(async (page) => {
      await ask(page, 'service:postgres')
      await rows(page).first().waitFor()
      await page.getByTitle('Export').click()
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: /NDJSON/ }).click()])
      const lines = (await readFile(await download.path(), 'utf8')).trim().split('\n')
      expect(lines).toHaveLength((await millrace.search('service:postgres')).length + 1)
      expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ type: 'end', complete: true })
    })
  }, TEST_TIMEOUT_MS)

  it('ends the session when it is signed out, and shows it when the session ends elsewhere', async () => {
    await withPage(async (page, context) => {
      const [cookie] = await context.cookies()
      const asked = async (): Promise<number> => (await fetch(`${millrace.url}/v1/session`, { headers: { cookie: `${cookie?.name}=${cookie?.value}` } })).status
      expect(await asked()).toBe(200)
      await page.getByTitle('Account').click()
      await page.getByRole('button', { name: 'Sign out' }).click()
      await page.getByLabel('API key').waitFor()
      expect([await asked(), await context.cookies()]).toEqual([401, []])
    })
    await withPage(async (page, context) => {
      await rows(page).first().waitFor()
      await context.clearCookies()
      await page.getByRole('button', { name: 'Search', exact: true }).click()
      await page.getByRole('alert').filter({ hasText: 'session has ended' }).waitFor()
    })
  }, TEST_TIMEOUT_MS)

  it('runs nothing of what events, queries and views hold', async () => {
    const other = await millrace.addTenant('hostile')
    expect(HOSTILE_TEXTS.length).toBeGreaterThanOrEqual(100)
    const everywhere = (text: string, index: number): object => ({
      message: text, service: text, status: index < 50 ? text : 'info', host: text, source: text, trace_id: text, ddtags: `${text},evil:${text}`, [text]: text, nested: { [text]: [text, { html: text }] }, timestamp: new Date(Date.now() - 1000 - index).toISOString(),
    })
    await store(other, HOSTILE_TEXTS.map(everywhere))
    for (const text of HOSTILE_TEXTS.slice(0, 10)) await other.post('/v1/views', JSON.stringify({ name: text.slice(0, 90), query: '*', columns: [text.slice(0, 90)], range: '15m' }))
    await withPage(async (page) => {
      await count(page, HOSTILE_TEXTS.length)
      const closed = page.getByRole('navigation', { name: 'Facets' }).locator('button[aria-expanded=false]')
      for (let opened = 0; opened < 40; opened++) await closed.first().click()
      const list = page.getByRole('listbox', { name: 'Events' })
      await list.focus()
      for (let index = 0; index < HOSTILE_TEXTS.length; index++) {
        await page.keyboard.press('j')
        if (index % 10 === 0) for (const tab of ['Surrounding', 'JSON', 'Attributes']) await page.getByRole('complementary').getByRole('tab', { name: tab }).click()
        await list.focus()
      }
      await page.getByTitle('Saved views').click()
      await page.waitForTimeout(300)
      await page.keyboard.press('Escape')
      await page.getByRole('tab', { name: 'Patterns' }).click()
      await page.getByRole('list', { name: 'Patterns' }).waitFor()
      // As the address of a link that somebody was sent: each field of it.
      for (const text of HOSTILE_TEXTS.filter((_, index) => index % 5 === 0)) {
        for (const name of ['query', 'from', 'column', 'event', 'tab']) {
          await page.evaluate((search) => {
            history.pushState(null, '', search)
            dispatchEvent(new PopStateEvent('popstate'))
          }, `?${new URLSearchParams({ query: '*', from: 'now-15m', to: 'now', [name]: name === 'event' ? `${text}~${text}` : text })}`)
        }
      }
      await page.goto(`${millrace.url}/?${new URLSearchParams({ query: '"><script>alert(1)</script>', from: 'now-15m' })}`)
      await page.getByRole('button', { name: 'Search', exact: true }).waitFor()
      expect(await page.evaluate(() => ({ ran: Object.hasOwn(window, 'ran'), made: document.querySelectorAll('#page script, #page iframe, #page img, #page object, #page embed, #page svg [onload], #page [onerror], #page [style*="expression"]').length }))).toEqual({ ran: false, made: 0 })
    }, { client: other })
  }, TEST_TIMEOUT_MS * 2)

  it('is served with a strict policy, and its parts are kept for good', async () => {
    const answer = await fetch(millrace.url, { headers: { accept: 'text/html' } })
    const policy = answer.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'")
    expect(policy).not.toContain('unsafe')
    expect(answer.headers.get('cache-control')).toBe('no-cache')
    expect(answer.headers.get('content-encoding')).toBe('gzip')
    const html = await answer.text()
    expect(html).not.toMatch(/https?:\/\/|<style|style=|<script(?![^>]+src=)/)
    const assets = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path = '']) => path)
    expect(assets.length).toBeGreaterThanOrEqual(3)
    for (const path of assets) expect((await fetch(millrace.url + path)).headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect((await fetch(`${millrace.url}/assets/..%2f..%2fpackage.json`)).status).toBe(404)
  }, TEST_TIMEOUT_MS)

  it('leaves out what a server of before does not have', async () => {
    await withPage(async (page) => {
      await page.route(/\/v1\/(facets\?|views|patterns)/, async (route) => { await route.fulfill({ status: 404, contentType: 'application/problem+json', body: '{"detail":"there is nothing at this path"}' }) })
      await page.reload()
      await rows(page).first().waitFor()
      await page.getByRole('tab', { name: 'Patterns' }).click()
      await page.getByRole('tab', { name: 'Patterns' }).waitFor({ state: 'detached' })
      await rows(page).first().waitFor()
      expect(await page.getByTitle('Saved views').count()).toBe(0)
      await page.getByRole('navigation', { name: 'Facets' }).getByRole('button', { name: /^postgres/ }).waitFor()
    })
  }, TEST_TIMEOUT_MS)

  it('says what the server says when it cannot answer, and tries again', async () => {
    await withPage(async (page) => {
      await rows(page).first().waitFor()
      await page.route(/\/(v1\/search|api\/v2\/logs\/events\/search)$/, async (route) => { await route.fulfill({ status: 503, contentType: 'application/json', body: '{"errors":["the catalog does not answer at the moment"],"detail":"the catalog does not answer at the moment"}' }) })
      await page.getByRole('button', { name: 'Search', exact: true }).click()
      await page.getByRole('alert').filter({ hasText: 'the catalog does not answer at the moment' }).waitFor()
      await page.unroute(/\/(v1\/search|api\/v2\/logs\/events\/search)$/)
      await page.getByRole('button', { name: 'Try again' }).click()
      await count(page, EVENTS)
    })
  }, TEST_TIMEOUT_MS)

  it('says that an answer is incomplete, and why', async () => {
    await withPage(async (page) => {
      await page.route('**/api/v2/logs/events/search', async (route) => {
        const answer = await route.fetch()
        const { data, meta } = (await answer.json()) as { data: unknown; meta: object }
        await route.fulfill({ json: { data, meta: { ...meta, complete: false, warnings: [{ code: 'time-budget', title: 'The answer is incomplete', detail: 'the query took too long' }] } } })
      })
      await page.getByRole('button', { name: 'Search', exact: true }).click()
      await page.getByRole('status').filter({ hasText: 'incomplete: the query took too long' }).waitFor()
    })
  }, TEST_TIMEOUT_MS)

  it('is light or dark as the reader chooses, and remembers it', async () => {
    await withPage(async (page) => {
      const scheme = async (): Promise<string> => await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
      const light = await scheme()
      await page.getByTitle('Account').click()
      await page.getByRole('button', { name: 'dark' }).click()
      const dark = await scheme()
      expect(dark).not.toBe(light)
      await page.reload()
      await rows(page).first().waitFor()
      expect(await scheme()).toBe(dark)
    })
  }, TEST_TIMEOUT_MS)
})

/** Sends events and waits until they are found. */
async function store(client: TestClient, events: readonly object[]): Promise<void> {
  await client.searchable(await client.send(events.map((event) => JSON.stringify(event)).join('\n')))
}

function rows(page: Page): Locator {
  return page.getByRole('listbox', { name: 'Events' }).getByRole('option')
}

function editor(page: Page): Locator {
  return page.getByRole('textbox', { name: 'Query' })
}

async function ask(page: Page, query: string): Promise<void> {
  await editor(page).click()
  await page.keyboard.press('ControlOrMeta+A')
  await page.keyboard.type(query)
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Search', exact: true }).click()
  await page.waitForURL((url) => url.searchParams.get('query') === query)
}

/** Of the results bar, once all was looked through. */
async function counted(page: Page): Promise<number> {
  const text = (await page.locator('.count-line').textContent()) ?? ''
  const [, number] = /^([\d,]+) events?(?! so far)/.exec(text) ?? []
  return number === undefined ? -1 : Number(number.replaceAll(',', ''))
}

async function count(page: Page, expected: number): Promise<void> {
  let last = -1
  await waitFor(async () => (last = await counted(page)) === expected).catch(() => { throw new Error(`the page counts ${last} events, not ${expected}`) })
}
