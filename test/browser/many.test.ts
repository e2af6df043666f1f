import { expect, test } from 'vitest'
import { countAt, describeInBrowser, listOf, rowOf, rowsOf, useBrowser } from './browser.js'
import { manyTriples, serveMany } from './many-triples.js'

describeInBrowser('many triples', () => {
  const { open } = useBrowser()

  test.each([1, 50, 5_000, 10_000])('%i of them put a few rows into the document', async (count) => {
    const many = manyTriples(count)
    const server = await serveMany(many.source)
    try {
      const { page } = await open(server.url)
      await page
        .getByText(`${count.toLocaleString('en')} triple`)
        .first()
        .waitFor()
      expect(await rowsOf(page).count()).toBeLessThan(60)
      await listOf(page).focus()
      await page.keyboard.press('End')
      await rowOf(page, String(count)).waitFor()
      expect(await rowsOf(page).count()).toBeLessThan(60)
    } finally {
      await server.close()
    }
  })

  test('a thousand that all move at once arrive with their last state', async () => {
    const many = manyTriples(10_000)
    const server = await serveMany(many.source)
    try {
      const { page } = await open(server.url)
      await page.getByText('10,000 triples').first().waitFor()
      for (const state of [
        'checking-ids.checking',
        'processing-outputs.processing',
        'moving-to-done.moving',
      ]) {
        for (let index = 1; index <= 1_000; index += 1) many.move(String(index), state)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      await page.locator('[id="count-moving-to-done.moving"]', { hasText: '1,000' }).waitFor()
      expect(await countAt(page, 'checking-ids')).toBe(0)
      const elements: unknown = await page.evaluate(`document.getElementsByTagName('*').length`)
      expect(elements).toBeLessThan(1_500)
    } finally {
      await server.close()
    }
  })

  test('thousands in a state are written beside its name, not over it', async () => {
    const many = manyTriples(10_000)
    const states = [
      'awaiting-online-files.checking-backing-off',
      'awaiting-online-files.waiting',
      'done',
      'failed',
    ]
    for (let at = 1; at <= 9_940; at += 1) many.move(String(at), states[at % 4] ?? '')
    const busy = [
      'awaiting-online-files.downloading-anew',
      'processing-outputs.processing',
      'deciding.surveying',
    ]
    for (let at = 9_941; at <= 10_000; at += 1) many.move(String(at), busy[at % 3] ?? '')
    const server = await serveMany(many.source)
    try {
      const { page } = await open(server.url)
      await page.locator('[id="count-done"]', { hasText: '2,485' }).waitFor()
      const written =
        (await page.evaluate(`[...document.querySelectorAll('.chart .has-count')].map((group) => {
        const count = group.querySelector('.count').getBoundingClientRect()
        const label = group.querySelector('.label').getBoundingClientRect()
        const box = group.querySelector('rect').getBoundingClientRect()
        return { id: group.id, isFree: count.left >= label.right && count.right <= box.right }
      })`)) as readonly { id: string; isFree: boolean }[]
      expect(written.length).toBeGreaterThanOrEqual(9)
      expect(written.filter(({ isFree }) => !isFree)).toEqual([])
      expect(
        await page
          .locator('[id="state-awaiting-online-files.checking-backing-off"]')
          .getAttribute('aria-label'),
      ).toContain('2,485 triples')
    } finally {
      await server.close()
    }
  })

  test('the page finds back after the server was away, with what happened meanwhile', async () => {
    const many = manyTriples(20)
    const first = await serveMany(many.source)
    const { page } = await open(first.url)
    await rowOf(page, '5').click()
    await first.close()
    await page.getByText('offline, trying again').waitFor()
    many.move('5', 'done')
    const second = await serveMany(many.source, { port: first.port, token: first.token })
    try {
      await page.getByText('connected', { exact: true }).waitFor()
      await page.locator('[id="state-done"].is-active').waitFor()
      expect(await countAt(page, 'done')).toBe(1)
    } finally {
      await second.close()
    }
  })
})
