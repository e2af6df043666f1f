import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { aBadMorning } from './a-bad-morning.js'
import { rowsOf, searchOf, useBrowser, type Look } from './browser.js'

const largestBytes = 250_000
const pictures = {
  overview: { width: 1280, height: 690 },
  triple: { width: 1280, height: 640 },
  dark: { width: 1280, height: 640, colorScheme: 'dark' },
  narrow: { width: 400, height: 860 },
} as const satisfies Record<string, Look>

const pathOf = (name: string): string =>
  fileURLToPath(new URL(`../../docs/images/inspector-${name}.png`, import.meta.url))

describe('docs/inspector.md', () => {
  const { open } = useBrowser()

  /** UPDATE_DOCS=1 takes the pictures anew. */
  beforeAll(async () => {
    if (process.env['UPDATE_DOCS'] !== '1') return
    const folder = mkdtempSync(join(tmpdir(), 'browser-pictures-'))
    const morning = await aBadMorning(join(folder, 'my-batches'))
    try {
      for (const [name, look] of Object.entries(pictures)) await takePicture(morning.url, name, look)
    } finally {
      await morning.close()
      rmSync(folder, { recursive: true, force: true })
    }
  }, 180_000)

  test.each(Object.keys(pictures))('has its picture %s', (name) => {
    expect(existsSync(pathOf(name))).toBe(true)
    expect(statSync(pathOf(name)).size).toBeLessThan(largestBytes)
    const document = fileURLToPath(new URL('../../docs/inspector.md', import.meta.url))
    expect(readFileSync(document, 'utf8')).toContain(`images/inspector-${name}.png`)
  })

  async function takePicture(url: string, name: string, look: Look): Promise<void> {
    const { page } = await open(url, look)
    await page.locator('.area').first().waitFor({ state: 'attached' })
    if (name === 'triple' || name === 'dark') {
      // A retry: its lineage has two bars.
      await searchOf(page).fill('is:stuck attempt:2')
      await rowsOf(page).first().click()
      await page.getByRole('region', { name: 'Course in time' }).getByText('Retry 1').waitFor()
      await page.mouse.move(0, 0)
    }
    await page.screenshot({ path: pathOf(name) })
  }
})
