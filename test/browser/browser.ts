import { existsSync } from 'node:fs'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe } from 'vitest'

const usualPlaces = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]

/** `CHROMIUM_PATH`, else the first of the usual places; `null` without any browser. */
const browserPath =
  [process.env['CHROMIUM_PATH'] ?? '', ...usualPlaces].find((path) => existsSync(path)) ?? null

/** Tests in a real browser; each is reported as skipped, by name, where there is none. */
// oxlint-disable-next-line vitest/valid-title, vitest/valid-describe-callback -- no call of a test, but what makes one.
export const describeInBrowser = describe.skipIf(browserPath === null)

/** As root there is no sandbox, and nothing of the browser's own may go to the network. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export interface Look {
  readonly width?: number
  readonly height?: number
  readonly colorScheme?: 'light' | 'dark'
}

/** What a page did beside showing itself. */
export interface Watched {
  readonly page: Page
  /** Addresses that were asked for. */
  readonly requests: string[]
  /** Errors, breaches of the content security policy and dialogs. */
  readonly faults: string[]
}

/** One browser for the tests of a file; each page has storage of its own. */
export function useBrowser() {
  let browser: Browser | undefined
  beforeAll(async () => {
    if (browserPath !== null) browser = await chromium.launch({ executablePath: browserPath, args: flags })
  })
  afterAll(() => browser?.close())
  const open = async (url: string, look: Look = {}): Promise<Watched> => {
    if (browser === undefined) throw new Error('The browser has not started.')
    const { width = 1280, height = 900, colorScheme = 'light' } = look
    const context = await browser.newContext({ viewport: { width, height }, colorScheme })
    const page = await context.newPage()
    const watched: Watched = { page, requests: [], faults: [] }
    page.on('request', (request) => void watched.requests.push(request.url()))
    page.on('pageerror', (error) => void watched.faults.push(String(error)))
    page.on('console', (message) => {
      if (/Content Security Policy|Refused to/.test(message.text())) watched.faults.push(message.text())
    })
    page.on('dialog', (dialog) => {
      watched.faults.push(`dialog: ${dialog.message()}`)
      void dialog.dismiss()
    })
    page.setDefaultTimeout(15_000)
    await page.goto(url)
    return watched
  }
  return { open }
}

/** The rows of the list that are in the document. */
export const rowsOf = (page: Page) => listOf(page).getByRole('option')

export const listOf = (page: Page) => page.getByRole('listbox', { name: 'Triples, stuck ones first' })

/** The one field that narrows the list. */
export const searchOf = (page: Page) => page.getByRole('combobox', { name: 'Search triples' })

export const rowOf = (page: Page, index: string) =>
  rowsOf(page).filter({ has: page.locator('b', { hasText: new RegExp(`^${index}$`) }) })

/** How many triples the chart says are in a state. */
export async function countAt(page: Page, state: string): Promise<number> {
  return Number(await page.locator(`[id="count-${state}"]`).textContent())
}

/** Names of the states that are lit in this way. */
export const litStates = (page: Page, light: 'is-active' | 'is-past'): Promise<string[]> =>
  page
    .locator(`.state.${light}`)
    .evaluateAll((elements) => elements.map(({ id }) => id.replace('state-', '')))
