import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { describeInBrowser, rowOf, rowsOf, searchOf, useBrowser } from './browser.js'
import {
  everyKindOfTriple,
  generateWorkspace,
  inspectWorkspace,
  openWorkspace,
  readPageAssets,
  reconcileWorkspace,
} from './built.js'
import { manyTriples, serveMany } from './many-triples.js'

const count = 5_000

/** Other work on the machine only ever makes a measure larger: the best of some tries is what the page needs. */
async function best(tries: number, measure: () => Promise<number>): Promise<number> {
  const measured: number[] = []
  for (let at = 0; at < tries; at += 1) measured.push(await measure())
  return Math.min(...measured)
}

describe('the script of the page', () => {
  test('has at most 120 kB compressed', async () => {
    const { script, style } = await readPageAssets()
    expect(gzipSync(script).length + gzipSync(style).length).toBeLessThan(120_000)
  })
})

describeInBrowser('a step that another process notes in a journal', () => {
  const { open } = useBrowser()

  test('is on the page within 250 ms', async () => {
    const root = mkdtempSync(join(tmpdir(), 'browser-journal-'))
    await generateWorkspace(root, { recipes: everyKindOfTriple() })
    const workspace = await openWorkspace(root)
    await reconcileWorkspace(workspace)
    const journal = join(root, 'logs', 'batch_journal_43.jsonl')
    const last = readFileSync(journal, 'utf8').trimEnd().split('\n').at(-1) ?? ''
    const inspector = await inspectWorkspace(workspace)
    try {
      const { page } = await open(inspector.url)
      await rowOf(page, '43').waitFor()
      // The watch begins with the first look after somebody listens.
      await new Promise((resolve) => setTimeout(resolve, 500))
      let at = 0
      const stepMs = await best(5, async () => {
        at += 1
        const code = `Code${at}`
        const entry = JSON.parse(last) as { facts: { problem: object } }
        const facts = { ...entry.facts, problem: { ...entry.facts.problem, code } }
        const startedAtMs = performance.now()
        appendFileSync(journal, `${JSON.stringify({ ...entry, facts })}\n`)
        await rowOf(page, '43').filter({ hasText: code }).waitFor()
        return performance.now() - startedAtMs
      })
      expect(stepMs).toBeLessThan(250)
    } finally {
      await inspector.close()
      rmSync(root, { recursive: true, force: true })
    }
  })
})

describeInBrowser(`the page over ${count} triples`, () => {
  const { open } = useBrowser()

  test('shows the first rows within 600 ms', () =>
    withMany(async (_, url) => {
      const firstRowsMs = await best(5, async () => {
        const { page } = await open('about:blank')
        await page.addInitScript(rowWatcher)
        await page.goto(url)
        await rowsOf(page).first().waitFor()
        const atMs = Number(await page.evaluate('globalThis.firstRowAtMs'))
        await page.context().close()
        return atMs
      })
      expect(firstRowsMs).toBeLessThan(600)
    }))

  test(
    'takes at most a tenth of the main thread at 40 changes a second, and shifts nothing',
    () =>
      withMany(async (many, url) => {
        many.breakHalf()
        const { page } = await open(url)
        await rowsOf(page).first().waitFor()
        await page.getByText('2,500 stuck', { exact: true }).waitFor()
        await watchShifts(page)
        const devTools = await page.context().newCDPSession(page)
        // The time the thread had, and not the time that went by.
        await devTools.send('Performance.enable', { timeDomain: 'threadTicks' })
        const taskSeconds = async () => {
          const { metrics } = await devTools.send('Performance.getMetrics')
          return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN
        }
        let moved = 0
        const changing = setInterval(() => {
          moved += 1
          const state = moved % 2 === 0 ? 'awaiting-online-files.waiting' : 'awaiting-online-files.checking'
          many.move(String(1 + ((moved * 38) % count)), state)
        }, 25)
        try {
          const share = await best(3, async () => {
            const [startedAtMs, before, movedBefore] = [performance.now(), await taskSeconds(), moved]
            await new Promise((resolve) => setTimeout(resolve, 2_000))
            const seconds = (performance.now() - startedAtMs) / 1_000
            expect((moved - movedBefore) / seconds).toBeGreaterThan(20)
            return ((await taskSeconds()) - before) / seconds
          })
          expect(share).toBeLessThan(0.1)
        } finally {
          clearInterval(changing)
        }
        expect(await shifted(page)).toEqual([])
      }),
    30_000,
  )

  test('shows a change within 250 ms', () =>
    withMany(async (many, url) => {
      const { page } = await open(url)
      await rowsOf(page).first().waitFor()
      let at = 0
      const changeMs = await best(5, async () => {
        at += 1
        const worker = { pid: at, host: 'h', sinceMs: 0 }
        const row = rowsOf(page).filter({ hasText: `${at}@h` })
        await new Promise((resolve) => setTimeout(resolve, 300))
        const startedAtMs = performance.now()
        many.change('1', { worker })
        await row.waitFor()
        return performance.now() - startedAtMs
      })
      expect(changeMs).toBeLessThan(250)
    }))

  test('filters within 50 ms', () =>
    withMany(async (_, url) => {
      const { page } = await open(url)
      await page.getByText(`${count.toLocaleString('en')} shown`).waitFor()
      await searchOf(page).focus()
      let at = 0
      const filterMs = await best(4, async () => {
        at += 1
        // As long as the main thread needs until the rows stand in the document and are laid out.
        return Number(
          await page.evaluate(`new Promise((resolve) => {
            const field = document.querySelector('.search input')
            const startedAt = performance.now()
            const watch = new MutationObserver(() => {
              watch.disconnect()
              document.body.getBoundingClientRect()
              resolve(performance.now() - startedAt)
            })
            watch.observe(document.querySelector('.list-head'), { subtree: true, characterData: true, childList: true })
            field.value = 'batch_${'1'.repeat(at)}'
            field.dispatchEvent(new Event('input', { bubbles: true }))
          })`),
        )
      })
      expect(filterMs).toBeLessThan(50)
    }))

  test('shifts nothing while its data come in', () =>
    withMany(async (_, url) => {
      const { page } = await open('about:blank')
      await page.addInitScript(shiftWatcher)
      await page.goto(url)
      await page.getByText(`${count.toLocaleString('en')} shown`).waitFor()
      await page.locator('.area').first().waitFor({ state: 'attached' })
      expect(await shifted(page)).toEqual([])
    }))
})

/** Since the page was asked for. */
const rowWatcher = `
  new MutationObserver((_, watch) => {
    if (document.querySelector('.row') === null) return
    watch.disconnect()
    globalThis.firstRowAtMs = performance.now()
  }).observe(document, { subtree: true, childList: true })
`
const shiftWatcher = `
  globalThis.shifted = []
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.hadRecentInput) continue
      for (const { node } of entry.sources) globalThis.shifted.push(node?.outerHTML?.slice(0, 200) ?? node?.nodeName)
    }
  }).observe({ type: 'layout-shift', buffered: true })
`
const watchShifts = (page: Page): Promise<unknown> => page.evaluate(shiftWatcher)
/** What was moved by something else that came, grew or went. */
const shifted = (page: Page): Promise<unknown> => page.evaluate('globalThis.shifted')

async function withMany(
  use: (many: ReturnType<typeof manyTriples>, url: string) => Promise<void>,
): Promise<void> {
  const many = manyTriples(count)
  const server = await serveMany(many.source)
  try {
    await use(many, server.url)
  } finally {
    await server.close()
  }
}
