import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI from 'openai'
import { expect, test } from 'vitest'
import type { BatchPlan } from '../../src/testing/index.js'
import { countAt, describeInBrowser, listOf, rowsOf, searchOf, useBrowser } from './browser.js'
import { createFakeBatchServer, inspectLive, openWorkspace, submitRequests, watchWorkspace } from './built.js'
import { jumpingClock, type JumpingClock } from './jumping-clock.js'

const hourMs = 3_600_000
const waiting = 'awaiting-online-files.waiting'

describeInBrowser('the page of a run with a server', () => {
  const { open } = useBrowser()

  test('follows batches through a long wait to their end, without being loaded again', () =>
    withRun(3, { validatingMs: 0, inProgressMs: 0, finalizingMs: 30 * hourMs }, async ({ url, clock }) => {
      const { page, requests, faults } = await open(url)
      await expect.poll(() => countAt(page, waiting)).toBe(3)
      await rowsOf(page).filter({ hasText: 'finalizing' }).nth(2).waitFor()
      await page.getByText('0 stuck', { exact: true }).waitFor()
      await searchOf(page).fill('age>1h')
      await page.getByText('No triple passes the filter.').waitFor()
      await searchOf(page).fill('')
      await rowsOf(page).first().click()
      const course = page.getByRole('region', { name: 'Course in time' })
      await course.getByText(/At server .*submitted .* of 2 answered/).waitFor()
      await course.getByText(/due in \d+ h/).waitFor()
      expect(await course.locator('.due').count()).toBe(1)
      await page.keyboard.press('Escape')
      await searchOf(page).fill('age>1h')
      const documents = () => requests.filter((one) => one === url).length

      clock.jump(26 * hourMs)
      await page.evaluate(`{ const now = Date.now; Date.now = () => now() + ${26 * hourMs} }`)
      const overdue = rowsOf(page).filter({ hasText: 'overdue' })
      await overdue.filter({ hasText: '26 h' }).nth(2).waitFor()
      await page.getByText('3 stuck', { exact: true }).waitFor()
      await searchOf(page).fill('age>1h remote:finalizing')
      await page.getByText('3 shown', { exact: true }).waitFor()

      clock.jump(5 * hourMs)
      await page.getByText('0 shown', { exact: true }).waitFor()
      await page.getByRole('button', { name: 'Clear' }).click()
      await expect.poll(() => countAt(page, 'done')).toBe(3)
      await page.getByText('0 stuck', { exact: true }).waitFor()
      await page.getByText('nothing changes any more').waitFor()
      expect(documents()).toBe(1)
      expect(faults).toEqual([])
    }))

  test('has buttons that the keyboard reaches, and says why a command is refused', () =>
    withRun(1, {}, async ({ url, clock, index }) => {
      const { page } = await open(url)
      clock.jump(hourMs)
      await expect.poll(() => countAt(page, 'done')).toBe(1)
      await listOf(page).focus()
      await page.keyboard.press('Home')
      await page.getByRole('article', { name: `Triple ${index}` }).waitFor()
      for (const name of ['Retry', 'Rescan']) {
        await tabTo(name)
        expect(
          await page
            .getByRole('button', { name, exact: true })
            .evaluate((one) => one.matches(':focus-visible')),
        ).toBe(true)
      }
      await page.keyboard.press('Space')
      await page.getByText(/Rescan refused: The (run is over|triple is done)\./).waitFor()

      async function tabTo(name: string): Promise<void> {
        const button = page.getByRole('button', { name, exact: true })
        for (let presses = 0; presses < 20; presses += 1) {
          if (await button.evaluate((one) => one.matches(':focus'))) return
          await page.keyboard.press('Tab')
        }
      }
    }))

  test('shows hostile words of a server as text', () =>
    withRun(1, failing, async ({ url, clock, index }) => {
      const { page, requests, faults } = await open(url)
      clock.jump(hourMs)
      await rowsOf(page).first().click()
      await page.getByRole('article', { name: `Triple ${index}` }).waitFor()
      await page.getByRole('article').getByText(image).first().waitFor()
      expect(await page.locator('img').count()).toBe(0)
      expect(requests.filter((one) => new URL(one).pathname.endsWith('/x'))).toEqual([])
      expect(faults).toEqual([])
    }))
})

const image = '<img src=x onerror="alert(1)">'
const failing = {
  ending: {
    status: 'failed',
    errors: [{ code: image, message: image, param: null, line: 1 }],
  },
} as const

interface Run {
  readonly url: string
  readonly index: string
  readonly clock: JumpingClock
}

/** A watch over so many batches, each of two requests, that a server has just been given. */
async function withRun(batches: number, plan: BatchPlan, use: (run: Run) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'browser-server-'))
  const clock = jumpingClock()
  const server = createFakeBatchServer({ clock, defaults: plan })
  const client = new OpenAI({ apiKey: 'test-key', baseURL: 'http://fake.test/v1', fetch: server.fetch })
  const workspace = await openWorkspace(root, { create: true })
  const { prepared } = await submitRequests(workspace, requestFiles(root, batches), { client, clock })
  const inspector = await inspectLive(workspace, { clock })
  const stopping = new AbortController()
  const running = watchWorkspace(
    workspace,
    inspector.attach({ client, clock, signal: stopping.signal, pollDelayMs: hourMs / 2 }),
  )
  const over = running.then(() => inspector.end())
  try {
    await use({ url: inspector.url, index: String(prepared[0]?.index), clock })
  } finally {
    stopping.abort()
    await over
    await inspector.close()
    rmSync(root, { recursive: true, force: true })
  }
}

function requestFiles(root: string, count: number): string[] {
  const body = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Hello.' }] }
  return Array.from({ length: count }, (_, at) => {
    const path = join(root, `requests-${at}.jsonl`)
    const ids = [`${at}-1`, `${at}-2`]
    const rows = ids.map((id) => ({ custom_id: id, method: 'POST', url: '/v1/chat/completions', body }))
    writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
    return path
  })
}
