import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { rowOf, useBrowser, type Look } from './browser.js'
import {
  everyKindOfTriple,
  generateWorkspace,
  inspectWorkspace,
  openWorkspace,
  reconcileWorkspace,
} from './built.js'

const largestBytes = 250_000
const pictures = {
  light: { width: 1280, height: 700 },
  dark: { width: 1280, height: 700, colorScheme: 'dark' },
  narrow: { width: 400, height: 860 },
  replay: { width: 1280, height: 700 },
} as const satisfies Record<string, Look>

const pathOf = (name: string): string =>
  fileURLToPath(new URL(`../../docs/images/inspector-${name}.png`, import.meta.url))

describe('docs/inspector.md', () => {
  const { open } = useBrowser()

  /** UPDATE_DOCS=1 takes the pictures anew, of a workspace that has been left for 26 hours. */
  beforeAll(async () => {
    if (process.env['UPDATE_DOCS'] !== '1') return
    const folder = mkdtempSync(join(tmpdir(), 'browser-pictures-'))
    const root = join(folder, 'my-batches')
    await generateWorkspace(root, { recipes: everyKindOfTriple() })
    const workspace = await openWorkspace(root)
    await reconcileWorkspace(workspace, { clock: clockAt(Date.now() - 26 * 3_600_000) })
    const inspector = await inspectWorkspace(workspace)
    try {
      for (const [name, look] of Object.entries(pictures)) await takePicture(inspector.url, name, look)
    } finally {
      await inspector.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })

  test.each(Object.keys(pictures))('has its picture %s', (name) => {
    expect(existsSync(pathOf(name))).toBe(true)
    expect(statSync(pathOf(name)).size).toBeLessThan(largestBytes)
  })

  async function takePicture(url: string, name: string, look: Look): Promise<void> {
    const { page } = await open(url, look)
    await rowOf(page, name === 'replay' ? '10' : '43').click()
    await page.getByRole('article').getByText('Accounting').waitFor()
    if (name === 'replay') {
      await page.getByRole('button', { name: 'Replay journal' }).click()
      await page.getByRole('button', { name: 'Step back' }).click()
      await page.getByRole('button', { name: 'Step back' }).click()
    }
    await page.screenshot({ path: pathOf(name) })
  }
})

function clockAt(startAtMs: number) {
  const startedAtMs = Date.now()
  return {
    now: () => startAtMs + Date.now() - startedAtMs,
    setTimeout: (callback: () => void, delayMs: number): unknown => setTimeout(callback, delayMs),
    clearTimeout: (handle: unknown): void => clearTimeout(handle as NodeJS.Timeout),
  }
}
