import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeInBrowser, litStates, rowsOf, useBrowser } from './browser.js'
import { inspectJournal } from './built.js'

const image = '<img src=x onerror="alert(1)">'
const at = '2026-11-24T03:04:05.000Z'
const journal = [
  { at, from: 'start', event: 'xstate.init', to: 'deciding.surveying' },
  {
    at,
    from: 'deciding.surveying',
    event: 'xstate.done.actor.surveyTriple',
    to: 'awaiting-online-files.checking',
  },
  {
    at,
    from: 'awaiting-online-files.checking',
    event: image,
    to: 'awaiting-online-files.waiting',
    since: at,
  },
  { at, from: 'awaiting-online-files.waiting', event: 'poll.due', to: 'awaiting-online-files.checking' },
  { at: image, from: image, event: '</script><script>alert(2)</script>', to: image },
  {
    at,
    from: 'awaiting-online-files.checking',
    event: 'xstate.done.actor.checkOnline',
    to: 'failed',
    since: image,
  },
]

describeInBrowser('a journal that came by mail', () => {
  const { open } = useBrowser()
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'browser-replay-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('is stepped through, forward and back, on the chart; markup in it is text', async () => {
    const path = join(folder, 'batch_journal_7.jsonl')
    const problem = { code: image, message: image, hint: image }
    const facts = { index: image, remoteStatus: image, problem }
    writeFileSync(
      path,
      journal.map((entry) => `${JSON.stringify({ ...entry, facts })}\n`).join('') + '{"torn',
    )
    const inspector = await inspectJournal(path)
    try {
      const { page, requests, faults } = await open(inspector.url)
      await rowsOf(page).first().click()
      await page.getByRole('article').getByText(image).first().waitFor()
      await page.getByRole('button', { name: 'Replay journal' }).click()
      await page.getByText(/^Step 6 of 6, unreadable lines: 1/).waitFor()
      await expect.poll(() => litStates(page, 'is-active')).toEqual(['failed'])

      const back = page.getByRole('button', { name: 'Step back' })
      for (let step = 0; step < 4; step += 1) await back.click()
      await page.getByText(/^Step 2 of 6/).waitFor()
      await expect.poll(() => litStates(page, 'is-active')).toEqual(['awaiting-online-files.checking'])
      const lit = () =>
        page.locator('.edge.is-step').evaluateAll((edges) => edges.map(({ id }) => id).toSorted())
      await expect
        .poll(lit)
        .toEqual([
          'edge-deciding.choosing-to-awaiting-online-files.checking',
          'edge-deciding.surveying-to-deciding.choosing',
        ])
      await page.getByRole('button', { name: 'Step forward' }).click()
      await expect.poll(() => litStates(page, 'is-active')).toEqual(['awaiting-online-files.waiting'])
      await page.getByRole('slider').fill('0')
      await page.getByText('before the first').waitFor()
      await page.getByText('What was known then').waitFor({ state: 'detached' })

      expect(await page.locator('img').count()).toBe(0)
      expect(requests.filter((url) => new URL(url).pathname.endsWith('/x'))).toEqual([])
      expect(faults).toEqual([])
    } finally {
      await inspector.close()
    }
  })
})
