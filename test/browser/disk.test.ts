import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Inspector } from '../../src/inspect/index.js'
import { countAt, describeInBrowser, litStates, rowOf, rowsOf, useBrowser } from './browser.js'
import {
  everyKindOfTriple,
  exportWorkspace,
  generateWorkspace,
  inspectWorkspace,
  openWorkspace,
  reconcileWorkspace,
} from './built.js'

const image = '<img src=x onerror="alert(1)">'

describeInBrowser('the page over a workspace on disk', () => {
  const { open } = useBrowser()
  let root: string
  let inspector: Inspector

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'browser-disk-'))
    await generateWorkspace(root, { recipes: everyKindOfTriple() })
    const workspace = await openWorkspace(root)
    putHostile(root)
    await reconcileWorkspace(workspace)
    inspector = await inspectWorkspace(workspace)
  })
  afterAll(async () => {
    await inspector?.close()
    rmSync(root, { recursive: true, force: true })
  })

  test('shows every triple, stuck ones first, and numbers on the chart', async () => {
    const { page, requests, faults } = await open(inspector.url)
    await rowOf(page, '40').waitFor()
    const first = await rowsOf(page).first().textContent()
    expect(first).toContain('stuck: needs-attention')
    expect(await countAt(page, 'missing-input')).toBe(1)
    expect(await countAt(page, 'failed')).toBeGreaterThanOrEqual(4)
    expect(await countAt(page, 'awaiting-online-files')).toBe(1)
    expect(faults).toEqual([])
    expect(new Set(requests.map((url) => new URL(url).hostname))).toEqual(new Set(['127.0.0.1']))
  })

  test('tells of a stuck triple: its story, its state on the chart, its files, accounting and steps', async () => {
    const { page } = await open(inspector.url)
    await rowOf(page, '43').click()
    const article = page.getByRole('article', { name: 'Triple 43' })
    await article.getByText('workdir/batch_output_43.jsonl').waitFor()
    const text = (await article.textContent()) ?? ''
    expect(text).toMatch(/stuck: failed.*in failed for \d+ s/)
    expect(text).toContain('RequestIdsMismatch')
    expect(text).toContain('What to do: The lines that cannot be read may be the missing answers')
    expect(text).toMatch(/input\s*500/)
    expect(text).toMatch(/missing\s*1unknown/)
    expect(text).toContain('checking-ids.checking')
    await expect.poll(() => litStates(page, 'is-active')).toEqual(['failed'])
    await expect
      .poll(() => litStates(page, 'is-past'))
      .toEqual(expect.arrayContaining(['deciding.surveying', 'checking-ids.checking']))
    expect(await page.locator('[id="edge-checking-ids.checking-to-failed"].is-past').count()).toBe(1)
    expect(await page.getByRole('button', { name: 'Retry' }).count()).toBe(0)
  })

  test('shows what comes out of rows only when it is asked for, and then as text', async () => {
    const { page, requests, faults } = await open(inspector.url)
    await rowOf(page, '900').click()
    const groups = page.getByRole('region', { name: 'Error groups' })
    await groups.getByText('hostile_code').waitFor()
    expect(await groups.textContent()).not.toContain('onerror')
    await groups.getByRole('button', { name: 'Show texts' }).click()
    await groups.getByText(image).first().waitFor()
    expect(await page.locator('img').count()).toBe(0)
    expect(requests.filter((url) => url.endsWith('/x'))).toEqual([])
    expect(faults).toEqual([])
  })

  test.each([
    ['State', 'missing-input', 1],
    ['Error code', 'ConflictingAnswers', 1],
    ['Remote status', 'in_progress', 1],
    ['Age', '24 h or more', 0],
  ])('narrows the list by %s %s', async (label, option, expected) => {
    const { page } = await open(inspector.url)
    await rowOf(page, '40').waitFor()
    await page.getByRole('combobox', { name: label }).selectOption(option)
    await expectRows(page, expected)
    await page.getByRole('button', { name: 'Clear' }).click()
    await rowOf(page, '1').waitFor()
  })

  test('narrows the list by text and to what is stuck', async () => {
    const { page } = await open(inspector.url)
    await rowOf(page, '40').waitFor()
    const all = await rowsOf(page).count()
    await page.getByLabel('Stuck only').check()
    await rowOf(page, '1').waitFor({ state: 'detached' })
    expect(await rowsOf(page).count()).toBeLessThan(all)
    await page.getByLabel('Text').fill('two different successes')
    await expectRows(page, 1)
    expect(await rowsOf(page).first().textContent()).toContain('44')
  })

  test('can be used with the keyboard alone', async () => {
    const { page } = await open(inspector.url)
    await rowOf(page, '40').waitFor()
    for (let presses = 0; presses < 20; presses += 1) {
      await page.keyboard.press('Tab')
      if ((await page.evaluate(`document.activeElement?.getAttribute('role')`)) === 'listbox') break
    }
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    const chosen = page.getByRole('listbox').getByRole('option', { selected: true })
    expect(await chosen.textContent()).toContain('41')
    expect(await page.getByRole('listbox').getAttribute('aria-activedescendant')).toBe(
      await chosen.getAttribute('id'),
    )
    await page.getByRole('article', { name: 'Triple 41' }).waitFor()
    await page.keyboard.press('End')
    expect(await chosen.getAttribute('aria-posinset')).toBe(await chosen.getAttribute('aria-setsize'))
  })

  test.each(['light', 'dark'] as const)(
    'has no serious fault of accessibility in %s',
    async (colorScheme) => {
      const { page } = await open(inspector.url, { colorScheme })
      await rowOf(page, '43').click()
      await page.getByText('workdir/batch_output_43.jsonl').waitFor()
      await page.getByRole('button', { name: 'Replay journal' }).click()
      await page.getByRole('group', { name: 'Replay' }).waitFor()
      expect(await seriousFaults(page)).toEqual([])
    },
  )

  test('needs no scrolling sideways on a narrow screen', async () => {
    const { page } = await open(inspector.url, { width: 400, height: 800 })
    await rowOf(page, '43').click()
    await page.getByText('workdir/batch_output_43.jsonl').waitFor()
    const beyond = await page.evaluate(`document.documentElement.scrollWidth - window.innerWidth`)
    expect(beyond).toBeLessThanOrEqual(0)
  })

  test('follows what another run does, without being loaded again', async () => {
    const { page } = await open(inspector.url)
    await rowOf(page, '40').waitFor()
    const waiting = await countAt(page, 'missing-input')
    rmSync(join(root, 'workdir', 'batch_output_40.jsonl'))
    await rowOf(page, '40').waitFor({ state: 'detached' })
    expect(await countAt(page, 'missing-input')).toBe(waiting - 1)
  })

  test('is saved as one file that opens from the disk and asks nobody', async () => {
    const path = join(root, 'report.html')
    await exportWorkspace(await openWorkspace(root), path)
    const { page, requests, faults } = await open(`file://${path}`)
    await rowOf(page, '44').click()
    await page.getByRole('article', { name: 'Triple 44' }).getByText('ConflictingAnswers').first().waitFor()
    await page.getByRole('button', { name: 'Replay journal' }).click()
    await page.getByRole('button', { name: 'Step back' }).click()
    await page.getByText(/^Step \d+ of \d+: .*surveyTriple/).waitFor()
    expect(requests).toEqual([`file://${path}`])
    expect(faults).toEqual([])
    expect(await page.content()).not.toContain(image)
  })
})

/** Answers whose ids and errors are markup. */
function putHostile(root: string): void {
  const body = { model: 'm', messages: [] }
  writeFileSync(
    join(root, 'workdir', 'batch_input_900.jsonl'),
    lines([{ custom_id: image, method: 'POST', url: '/v1/chat/completions', body }]),
  )
  const error = { code: 'hostile_code', message: image }
  writeFileSync(
    join(root, 'workdir', 'batch_error_900.jsonl'),
    lines([{ id: 'r', custom_id: image, response: { status_code: 400, body: { error } }, error: null }]),
  )
}

const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('')

async function expectRows(page: Page, expected: number): Promise<void> {
  await page.getByText(`, ${expected} shown`).waitFor()
  expect(await rowsOf(page).count()).toBe(expected)
}

async function seriousFaults(page: Page): Promise<string[]> {
  // Run by the debugger's protocol: the page's own policy allows no further script.
  await page.evaluate(axe.source)
  const found = await page.evaluate(() => (globalThis as unknown as { axe: Axe }).axe.run())
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`)
}

interface Axe {
  run(): Promise<{
    readonly violations: readonly {
      readonly id: string
      readonly impact: string
      readonly nodes: readonly { readonly html: string }[]
    }[]
  }>
}
