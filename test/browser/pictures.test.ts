import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { describeInBrowser, rowOf, useBrowser, type Look } from './browser.js'
import {
  everyKindOfTriple,
  generateWorkspace,
  inspectWorkspace,
  openWorkspace,
  reconcileWorkspace,
} from './built.js'

const shouldDraw = process.env['UPDATE_DOCS'] === '1'
const largestBytes = 250_000
const pictures = {
  light: { width: 1280, height: 860 },
  dark: { width: 1280, height: 860, colorScheme: 'dark' },
  narrow: { width: 400, height: 860 },
  replay: { width: 1280, height: 860 },
} as const satisfies Record<string, Look>

const pathOf = (name: string): string =>
  fileURLToPath(new URL(`../../docs/images/inspector-${name}.png`, import.meta.url))

test.each(Object.keys(pictures))('docs/inspector.md has its picture %s', (name) => {
  expect(existsSync(pathOf(name))).toBe(true)
  expect(statSync(pathOf(name)).size).toBeLessThan(largestBytes)
})

// Only where it is asked for: otherwise it would stand among the skipped ones for ever.
if (shouldDraw)
  describeInBrowser('pictures of the page', () => {
    const { open } = useBrowser()

    test('are taken anew', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'browser-pictures-'))
      const root = join(folder, 'my-batches')
      await generateWorkspace(root, { recipes: everyKindOfTriple() })
      const workspace = await openWorkspace(root)
      const dayAgo = Date.now() - 26 * 3_600_000
      await reconcileWorkspace(workspace, { clock: clockAt(dayAgo) })
      const inspector = await inspectWorkspace(workspace)
      try {
        for (const [name, look] of Object.entries(pictures)) {
          const { page } = await open(inspector.url, look)
          await rowOf(page, name === 'replay' ? '10' : '43').click()
          await page
            .getByRole('region', { name: 'Accounting' })
            .or(page.getByText('Accounting'))
            .first()
            .waitFor()
          if (name === 'replay') {
            await page.getByRole('button', { name: 'Replay journal' }).click()
            await page.getByRole('button', { name: 'Step back' }).click()
            await page.getByRole('button', { name: 'Step back' }).click()
          }
          const picture = await page.screenshot({ path: pathOf(name) })
          expect(picture.byteLength).toBeGreaterThan(10_000)
        }
      } finally {
        await inspector.close()
        rmSync(folder, { recursive: true, force: true })
      }
    })
  })

/** A day ago, so that the pictures show triples that have been stuck for a while. */
function clockAt(startAtMs: number) {
  const startedAtMs = Date.now()
  return {
    now: () => startAtMs + Date.now() - startedAtMs,
    setTimeout: (callback: () => void, delayMs: number): unknown => setTimeout(callback, delayMs),
    clearTimeout: (handle: unknown): void => clearTimeout(handle as NodeJS.Timeout),
  }
}
