import { expect, test } from 'vitest'
import type { InspectionSource } from '../../src/inspect/inspection-source.js'
import type { TripleSummary } from '../../src/inspect/protocol.js'
import { countAt, describeInBrowser, rowOf, rowsOf, useBrowser } from './browser.js'
import { makePageDocument, readPageAssets, serveInspector } from './built.js'

describeInBrowser('many triples', () => {
  const { open } = useBrowser()

  test.each([1, 50, 5_000, 10_000])('%i of them put a few rows into the document', async (count) => {
    const many = manyTriples(count)
    const server = await serve(many.source)
    try {
      const { page } = await open(server.url)
      await page
        .getByText(`${count.toLocaleString('en')} triple`)
        .first()
        .waitFor()
      expect(await rowsOf(page).count()).toBeLessThan(60)
      await page.getByRole('listbox').focus()
      await page.keyboard.press('End')
      await rowOf(page, String(count)).waitFor()
      expect(await rowsOf(page).count()).toBeLessThan(60)
    } finally {
      await server.close()
    }
  })

  test('a thousand that all move at once arrive with their last state', async () => {
    const many = manyTriples(10_000)
    const server = await serve(many.source)
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

  test('the page finds back after the server was away, with what happened meanwhile', async () => {
    const many = manyTriples(20)
    const first = await serve(many.source)
    const { page } = await open(first.url)
    await rowOf(page, '5').click()
    await first.close()
    await page.getByText('offline, trying again').waitFor()
    many.move('5', 'done')
    const second = await serve(many.source, { port: first.port, token: first.token })
    try {
      await page.getByText('connected', { exact: true }).waitFor()
      await page.locator('[id="state-done"].is-active').waitFor()
      expect(await countAt(page, 'done')).toBe(1)
    } finally {
      await second.close()
    }
  })
})

async function serve(source: InspectionSource, address: { port?: number; token?: string } = {}) {
  const document = makePageDocument({ ...(await readPageAssets()), title: 'many', data: null })
  return serveInspector({ source, document, ...address })
}

/** A source of made-up triples that wait at the server. */
function manyTriples(count: number) {
  const triples = new Map<string, TripleSummary>()
  for (let at = 1; at <= count; at += 1) triples.set(String(at), waiting(String(at)))
  const listeners = new Set<(index: string | null) => void>()
  const source: InspectionSource = {
    title: 'many',
    mode: 'live',
    isComplete: true,
    isOver: false,
    summaries: () => [...triples.values()],
    summary: (index) => triples.get(index) ?? null,
    subscribe(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    detail: async () => null,
    replay: async () => null,
    command: null,
    close: () => {},
  }
  const move = (index: string, state: string): void => {
    triples.set(index, { ...(triples.get(index) ?? waiting(index)), state })
    for (const listener of listeners) listener(index)
  }
  return { source, move }
}

const waiting = (index: string): TripleSummary => ({
  index,
  state: 'awaiting-online-files.waiting',
  stateSinceMs: Date.now(),
  remoteStatus: 'in_progress',
  lastPollAtMs: Date.now(),
  nextPollAtMs: null,
  attempt: 1,
  problem: null,
  isAtRest: true,
  isAtWork: true,
  batchId: `batch_${index}`,
  rootIndex: index,
  requests: null,
  missing: null,
})
